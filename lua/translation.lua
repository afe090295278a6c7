-- SPDX-License-Identifier: Apache-2.0
--- A target that speaks another format than OpenAI's: its dialect makes the request, and reads the answer.

local delivery = require "delivery"
local dialect_call = require "dialect_call"
local errors = require "errors"
local forms = require "forms"
local registry = require "registry"
local sending = require "sending"
local unsupported = require "unsupported"
local upstream_fault = require "upstream_fault"

local translation = {}

--- The body as its keys' readers want it, decoded once for all targets of one dialect.
local function decoded(call, request, raw_keys)
  if request.form then return forms.fields(request.form) end
  if request.decoded and request.decoded_for == raw_keys then return request.decoded end
  request.decoded, request.decoded_for = call:decoded(raw_keys), raw_keys
  if not request.decoded then return nil, errors.too_large end
  return request.decoded
end

---@return DialectCall? context
---@return Failure? failure
local function open(call, request, target, route, speaker)
  local context = dialect_call.open(call, request, target, route)
  local body, failure = decoded(call, request, speaker.raw_keys)
  if not body then return nil, failure end
  context.request = body
  if request.form then context.file = function(name) return forms.file(request.form, name) end end
  return context
end

--- What the dialect, or its operation, is handed; and what it makes of it.
---@param speaker Dialect|Operation
---@return DialectCall? context
---@return Failure|Outgoing out what is sent, or why nothing is
function translation.build(call, request, target, route, speaker)
  local context, failure = open(call, request, target, route, speaker)
  if not context then return nil, failure end
  failure = route.refused and unsupported.apply(call, registry.on_unsupported_param, target, route)
  if failure then return nil, failure end
  local built, refused = speaker.request(context, target.provider)
  if not built then return nil, refused end
  local out, lost = sending.built(target, built)
  if not out then return nil, lost end
  out.body, out.instead, out.whole, out.chosen = out.body or "", built.instead, built.whole, context.chosen
  return context, out
end

local REFUSAL_BYTES = 65536 -- of a refusal, for whoever knows another way

--- What the dialect sends instead of what was refused; nil when it knows nothing.
local function other(target, out, reply)
  local status = reply:status()
  if status >= 200 and status <= 299 then return nil end
  local built = out.instead(status, reply:body(REFUSAL_BYTES))
  local made = built and sending.built(target, built)
  if not made then return nil end
  made.stream, made.framing, made.answer, made.chosen = out.stream, out.framing, out.answer, out.chosen
  return made
end

--- Sends, and where that is refused once more what the dialect would send instead.
---@return table? reply
---@return Failure? failure
function translation.send(call, target, out)
  local reply, failure = sending.send(call, target, out)
  local again = reply and out.instead and other(target, out, reply)
  if not again then return reply, failure end
  reply:close()
  return sending.send(call, target, again)
end

--- A failure of the translation is the provider's, unless a plugin made it.
local function blame(answered, failure)
  return answered, failure and (failure.plugin and failure or upstream_fault.blamed(failure))
end

local function deliver(call, request, dialect, context, reply, whole)
  local status = reply:status()
  if status < 200 or status > 299 then return nil, upstream_fault.answer(dialect, reply, status) end
  if not request.stream then return delivery.whole_translated(call, request, dialect, context, reply) end
  if whole then return delivery.whole_as_stream(call, request, dialect, context, reply) end
  if not reply:streams() then return nil, errors.not_stream end
  return delivery.stream_translated(call, request, dialect, context, reply)
end

--- Chat.
---@return true? answered
---@return Failure? failure
function translation.run(call, request, target, route)
  local context, out = translation.build(call, request, target, route, route.dialect)
  if not context then return nil, out end
  out.stream, out.framing = request.stream and not out.whole, route.dialect.framing
  local reply, failure = translation.send(call, target, out)
  if not reply then return nil, failure end
  request.replied = target
  local answered
  answered, failure = deliver(call, request, route.dialect, context, reply, out.whole)
  reply:close()
  return blame(answered, failure)
end

--- One whole answer of another surface.
---@return true? answered
---@return Failure? failure
function translation.operate(call, request, target, route)
  local context, out = translation.build(call, request, target, route, route.operation)
  if not context then return nil, out end
  out.answer = "any"
  local reply, failure = translation.send(call, target, out)
  if not reply then return nil, failure end
  request.replied = target
  local status, answered = reply:status(), nil
  if status < 200 or status > 299 then
    failure = upstream_fault.answer(route.dialect, reply, status)
  else
    answered, failure = delivery.whole_translated(call, request, route.operation, context, reply)
  end
  reply:close()
  return blame(answered, failure)
end

--- The dialect answers itself: no network.
---@return true? answered
---@return Failure? failure
function translation.answer(call, request, target, route)
  local context, failure = open(call, request, target, route, route.dialect)
  if not context then return nil, failure end
  return delivery.made_here(call, request, route.dialect, context)
end

return translation
