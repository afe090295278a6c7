-- SPDX-License-Identifier: Apache-2.0
--- A target that speaks OpenAI's own format: the body's bytes go out, with at most a few members spliced.

local delivery = require "delivery"
local errors = require "errors"
local forms = require "forms"
local json = require "gateway.json"
local registry = require "registry"
local sending = require "sending"
local unsupported = require "unsupported"
local upstream_fault = require "upstream_fault"

local own_bytes = {}

-- What differs -------------------------------------------------------------------------------------------------------

--- Asks for the usage of a stream when the client did not: the one member that is added.
local function ask_usage(call)
  local raw = call:raw "stream_options"
  if not raw then return call:set("stream_options", '{"include_usage":true}') end
  local options = json.decode(raw)
  if not json.is_object(options) then options = {} end
  options.include_usage = true
  call:set("stream_options", json.encode(options))
end

--- A face always wants to know; what a target does not know it is not asked.
local function fit_usage(call, target)
  if target.asks_usage then return ask_usage(call) end
  if call:raw "stream_options" then call:remove "stream_options" end
end

--- The few members that must differ from what the client wrote. Everything else goes out as it came.
---@return Failure? failure
function own_bytes.splice(call, request, target, route)
  call:reset()
  if route.model_json then call:set("model", route.model_json) end
  if route.edits then
    for _, edit in ipairs(route.dialect.edits(call, target.provider, route.model, request.surface.name)) do
      call[edit.verb](call, edit.name, edit.value)
    end
  end
  if request.stream then
    if request.surface.face then
      fit_usage(call, target)
    elseif not request.include_usage and target.asks_usage then
      ask_usage(call)
    end
  end
  return route.refused and unsupported.apply(call, registry.on_unsupported_param, target, route)
end

-- Chat ---------------------------------------------------------------------------------------------------------------

local function deliver_chat(call, request, target, route, reply)
  local status = reply:status()
  if status < 200 or status > 299 then return nil, upstream_fault.answer(route.dialect, reply, status) end
  if request.stream and not reply:streams() then return nil, errors.not_stream end
  local failure = upstream_fault.hidden(route.dialect, reply, request.stream, "choices")
  if failure then return nil, failure end
  if request.surface.face then return delivery.spelt(call, request, route.dialect, reply) end
  if request.stream then return delivery.stream(call, request, reply) end
  return delivery.whole(call, request, reply, registry.provider_field and target.provider.name or nil)
end

--- The call's body to the route's place.
---@return table? reply
---@return Failure? failure
function own_bytes.send(call, target, route, stream)
  if target.sign or route.origin or target.several then
    return sending.send(call, target, { path = route.path, origin = route.origin, named = true, stream = stream })
  end
  local reply, problem = route.upstream:send(call, route.path, stream)
  if reply then return reply end
  return nil, errors.transport(problem)
end

--- Chat, the most of all there is: nothing is made for it that is not needed.
local function run_chat(call, request, target, route)
  local refused = own_bytes.splice(call, request, target, route)
  if refused then return nil, refused end
  local reply, failure = own_bytes.send(call, target, route, request.stream)
  if not reply then return nil, failure end
  local answered
  answered, failure = deliver_chat(call, request, target, route, reply)
  reply:close()
  return answered, failure
end

-- Other surfaces -----------------------------------------------------------------------------------------------------

--- What an answer has that is one, whatever else it says.
local ANSWERED = {
  embeddings = "data", images = "data", images_edits = "data", images_variations = "data", moderations = "results",
  rerank = "results", transcriptions = "text", translations = "text", completions = "choices", responses = "output",
}

local function deliver(call, request, route, reply)
  local status = reply:status()
  if status < 200 or status > 299 then return nil, upstream_fault.answer(route.dialect, reply, status) end
  if reply:verbatim() then return delivery.piped(call, request, reply) end
  local answered = ANSWERED[request.surface.name]
  local failure = upstream_fault.hidden(route.dialect, reply, reply:streams(), answered)
  if failure then return nil, failure end
  if reply:streams() then return delivery.piped(call, request, reply) end
  if request.surface.face then return delivery.spelt(call, request, route.dialect, reply) end
  return delivery.whole(call, request, reply)
end

local function splice_other(call, request, target, route)
  if request.form then return forms.splice(call, request, route.model_json and route.model) end
  return own_bytes.splice(call, request, target, route)
end

--- One try.
---@return true? answered
---@return Failure? failure
function own_bytes.run(call, request, target, route)
  if request.surface.name == "chat" then return run_chat(call, request, target, route) end
  local refused = splice_other(call, request, target, route)
  if refused then return nil, refused end
  local reply, failure = sending.send(call, target, {
    path = route.path, origin = route.origin, named = true, answer = "own",
    headers = request.form and { ["content-type"] = call:header "content-type" } or nil,
  })
  if not reply then return nil, failure end
  local answered
  answered, failure = deliver(call, request, route, reply)
  reply:close()
  return answered, failure
end

return own_bytes
