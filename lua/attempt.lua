-- SPDX-License-Identifier: Apache-2.0
--- One try at one target: build the upstream request, send it, deliver what comes back, or say what failed. How a
--- surface is served there is the route's kind (lua/wires.lua): the client's own bytes, a translation, or no network.

local delivery = require "delivery"
local dialect_call = require "dialect_call"
local errors = require "errors"
local fault_of = require "upstream_fault"
local json = require "gateway.json"
local registry = require "registry"
local sending = require "sending"
local unsupported = require "unsupported"

local attempt = {}

-- The client's own wire format ---------------------------------------------------------------------------------------

--- Asks for the usage of a stream when the client did not: the one member that is added.
local function ask_usage(call)
  local raw = call:raw "stream_options"
  if not raw then return call:set("stream_options", '{"include_usage":true}') end
  local options = json.decode(raw)
  if not json.is_object(options) then options = {} end
  options.include_usage = true
  call:set("stream_options", json.encode(options))
end

local function edit(call, edits)
  for _, change in ipairs(edits) do call[change.verb](call, change.name, change.value) end
end

--- The few members that must differ from what the client wrote. Everything else goes out as it came.
---@return Failure? failure
local function splice(call, request, target, route)
  call:reset()
  if route.model_json then call:set("model", route.model_json) end
  if route.edits then
    edit(call, route.dialect.edits(call, target.provider, route.model, request.surface.name))
  end
  if request.stream and not request.include_usage and target.asks_usage then ask_usage(call) end
  return route.refused and unsupported.apply(call, registry.on_unsupported_param, target, route)
end

local function deliver_chat(call, request, target, route, reply)
  local status = reply:status()
  if status < 200 or status > 299 then return nil, fault_of.answer(route.dialect, reply, status) end
  if request.stream and not reply:streams() then return nil, errors.not_stream end
  local failure = fault_of.hidden(route.dialect, reply, request)
  if failure then return nil, failure end
  if request.stream then return delivery.stream(call, request, reply) end
  return delivery.whole(call, request, reply, registry.provider_field and target.provider.name or nil)
end

--- Chat, the most of all there is: nothing is made for it that is not needed.
local function run_chat(call, request, target, route)
  local refused = splice(call, request, target, route)
  if refused then return nil, refused end
  local reply, failure
  if target.sign or route.origin then
    reply, failure = sending.send(call, target, {
      path = route.path, origin = route.origin, named = true, stream = request.stream,
    })
  else
    reply, failure = route.upstream:send(call, route.path, request.stream)
    if not reply then failure = errors.transport(failure) end
  end
  if not reply then return nil, failure end
  local answered
  answered, failure = deliver_chat(call, request, target, route, reply)
  reply:close()
  return answered, failure
end

-- The same of other surfaces -----------------------------------------------------------------------------------------

local function deliver_own(call, request, route, reply)
  local status = reply:status()
  if status < 200 or status > 299 then return nil, fault_of.answer(route.dialect, reply, status) end
  if reply:verbatim() then return delivery.piped(call, request, reply) end
  local failure = fault_of.hidden(route.dialect, reply, { stream = reply:streams() }, request.surface)
  if failure then return nil, failure end
  if reply:streams() then return delivery.piped(call, request, reply) end
  return delivery.whole(call, request, reply)
end

local function splice_own(call, request, target, route)
  if not request.form then return splice(call, request, target, route) end
  if not route.model_json or request.form:set("model", route.model) then return nil end
  return errors.invalid("the form's model cannot be replaced", "model")
end

local function run_own(call, request, target, route)
  if request.surface.name == "chat" then return run_chat(call, request, target, route) end
  local refused = splice_own(call, request, target, route)
  if refused then return nil, refused end
  local reply, failure = sending.send(call, target, {
    path = route.path, origin = route.origin, named = true, answer = "own",
    headers = request.form and { ["content-type"] = call:header "content-type" } or nil,
  })
  if not reply then return nil, failure end
  local answered
  answered, failure = deliver_own(call, request, route, reply)
  reply:close()
  return answered, failure
end

-- Another wire format ------------------------------------------------------------------------------------------------

--- The body as its keys' readers want it, decoded once for all targets of one dialect.
local function decoded(call, request, raw_keys)
  if request.decoded and request.decoded_for == raw_keys then return request.decoded end
  request.decoded, request.decoded_for = call:decoded(raw_keys), raw_keys
  if not request.decoded then return nil, errors.too_large end
  return request.decoded
end

--- What the dialect, or its operation, is handed; and what it makes of it.
---@return DialectCall? context
---@return Failure|Outgoing out what is sent, or why nothing is
local function build(call, request, target, route, speaker)
  local context = dialect_call.open(call, request, target, route)
  local body, failure = decoded(call, request, speaker.raw_keys)
  if not body then return nil, failure end
  context.request = body
  failure = route.refused and unsupported.apply(call, registry.on_unsupported_param, target, route)
  if failure then return nil, failure end
  local built, refused = speaker.request(context, target.provider)
  if not built then return nil, refused end
  local out, lost = sending.built(target, built)
  if not out then return nil, lost end
  out.instead, out.whole = built.instead, built.whole
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
  made.stream, made.framing, made.answer = out.stream, out.framing, out.answer
  return made
end

--- Sends, and where that is refused once more what the dialect would send instead.
local function send(call, target, out)
  local reply, failure = sending.send(call, target, out)
  local again = reply and out.instead and other(target, out, reply)
  if not again then return reply, failure end
  reply:close()
  return sending.send(call, target, again)
end

--- A failure of the translation is the provider's, unless a plugin made it.
local function blame(answered, failure)
  return answered, failure and (failure.plugin and failure or fault_of.blamed(failure))
end

local function deliver_translated(call, request, dialect, context, reply, whole)
  local status = reply:status()
  if status < 200 or status > 299 then return nil, fault_of.answer(dialect, reply, status) end
  if not request.stream then return delivery.whole_translated(call, request, dialect, context, reply) end
  if whole then return delivery.whole_as_stream(call, request, dialect, context, reply) end
  if not reply:streams() then return nil, errors.not_stream end
  return delivery.stream_translated(call, request, dialect, context, reply)
end

local function run_translated(call, request, target, route)
  local context, out = build(call, request, target, route, route.dialect)
  if not context then return nil, out end
  out.stream, out.framing, out.body = request.stream and not out.whole, route.dialect.framing, out.body or ""
  local reply, failure = send(call, target, out)
  if not reply then return nil, failure end
  local answered
  answered, failure = deliver_translated(call, request, route.dialect, context, reply, out.whole)
  reply:close()
  return blame(answered, failure)
end

--- One whole answer of another surface.
local function run_operation(call, request, target, route)
  local context, out = build(call, request, target, route, route.operation)
  if not context then return nil, out end
  out.answer, out.body = "any", out.body or ""
  local reply, failure = send(call, target, out)
  if not reply then return nil, failure end
  local status, answered = reply:status(), nil
  if status < 200 or status > 299 then
    failure = fault_of.answer(route.dialect, reply, status)
  else
    answered, failure = delivery.whole_translated(call, request, route.operation, context, reply)
  end
  reply:close()
  return blame(answered, failure)
end

-- No network ---------------------------------------------------------------------------------------------------------

local function run_local(call, request, target, route)
  local context = dialect_call.open(call, request, target, route)
  local body, failure = decoded(call, request, route.dialect.raw_keys)
  if not body then return nil, failure end
  context.request = body
  return delivery.made_here(call, request, route.dialect, context)
end

local KINDS = { own = run_own, translated = run_translated, operation = run_operation, ["local"] = run_local }

--- One try.
---@return true? answered
---@return Failure? failure
function attempt.run(call, request, target, route)
  return KINDS[route.kind](call, request, target, route)
end

return attempt
