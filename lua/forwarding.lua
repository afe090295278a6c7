-- SPDX-License-Identifier: Apache-2.0
--- A client and a target that speak the same API, which is not OpenAI's chat: the client's bytes go out, the answer's
--- come back, and the runtime looks on from the side.

local delivery = require "delivery"
local dialect_call = require "dialect_call"
local endpoint = require "endpoint"
local errors = require "errors"
local faces = require "faces"
local gather = require "gather"
local json = require "gateway.json"
local responses = require "responses"
local routes = require "routes"
local sending = require "sending"
local upstream_fault = require "upstream_fault"

local forwarding = {}

--- A member of a good whole answer, by endpoint.
local ANSWERED = {
  messages = "content", responses = "output", gemini = "candidates", completions = "choices",
  count_tokens = "input_tokens", gemini_count = "totalTokens", gemini_embed = "embedding",
}

-- Out ----------------------------------------------------------------------------------------------------------------

--- Whether the face itself says what becomes of the model's name.
local function tells_model(forward)
  for _, edit in ipairs(forward.edits or {}) do
    if edit.name == "model" then return true end
  end
  return false
end

--- The model's name where the body has it, and what the face wants changed.
local function splice(call, route, forward)
  call:translate()
  call:reset()
  if route.model_json and call:raw "model" and not tells_model(forward) then call:set("model", route.model_json) end
  for _, edit in ipairs(forward.edits or {}) do call[edit.verb](call, edit.name, edit.value) end
end

local function send(call, request, target, route, forward)
  local place = endpoint.place(target.endpoint, forward.path)
  if not place then return nil, errors.unsupported_endpoint(target.provider.name, request.surface.endpoint) end
  splice(call, route, forward)
  return sending.send(call, target, {
    path = routes.with_model(place.path, route.model), origin = place.origin ~= target.origin and place.origin or nil,
    named = true, headers = forward.headers, stream = request.stream, answer = "own",
  })
end

-- Back ---------------------------------------------------------------------------------------------------------------

local function context_of(call, request, target, route)
  local context = dialect_call.open(call, request, target, route)
  context.request, context.include_usage = {}, true
  return context
end

--- An error in the place of a stream's first content.
local function first_failure(call, request, target, route, name, data)
  local dialect = route.dialect
  if dialect.first_failure then return dialect.first_failure(name, data) end
  if name ~= "error" and not data:find('"error"', 1, true) or not dialect.stream then return nil end
  local context = context_of(call, request, target, route)
  local payloads, failure = dialect.event(dialect.stream(context, {}), name, data)
  return not payloads and failure or nil
end

local function hidden(call, request, target, route, reply)
  if not reply:streams() then
    return upstream_fault.hidden(route.dialect, reply, false, ANSWERED[request.surface.endpoint])
  end
  return upstream_fault.of_event(function(name, data)
    return first_failure(call, request, target, route, name, data)
  end, reply:opening())
end

--- The id of the response that a stream begins with. Of a long event only the beginning is there.
local function id_of_stream(reply)
  local _, data = reply:first()
  local event = json.decode(data)
  if event == nil then return data:match '"response"%s*:%s*{%s*"id"%s*:%s*"([%w_%-.:]+)"' end
  return json.is_object(event) and json.is_object(event.response) and event.response.id
end

--- A response that its provider keeps is found there again.
local function remember(call, request, target, reply)
  if request.surface.endpoint ~= "responses" or request.facts.kept == false then return end
  local id
  if reply:streams() then
    id = id_of_stream(reply)
  else
    id = json.decode(reply:raw "id" or "null")
  end
  if type(id) == "string" then responses.remember(call, target.name, id) end
end

--- What plugins see of a stream once it is over: the dialect reads the events, the face spells the whole.
local function whole_of(call, request, target, route, kept)
  local dialect, payloads = route.dialect, {}
  if not dialect.stream then return nil end
  local state = dialect.stream(context_of(call, request, target, route), {})
  for name, data in kept:gmatch "([^\31\30]*)\31([^\30]*)\30" do
    for _, payload in ipairs(dialect.event(state, name, data) or {}) do payloads[#payloads + 1] = payload end
  end
  for _, payload in ipairs(dialect.finish(state) or {}) do payloads[#payloads + 1] = payload end
  return (faces.spell(request, gather.answer(payloads)))
end

local function deliver(call, request, target, route, reply)
  local status = reply:status()
  if status < 200 or status > 299 then return nil, upstream_fault.answer(route.dialect, reply, status) end
  local failure = hidden(call, request, target, route, reply)
  if failure then return nil, failure end
  if request.stream and not reply:streams() then return nil, errors.not_stream end
  if request.win then request.win(request) end
  remember(call, request, target, reply)
  if reply:streams() then
    return delivery.forwarded(call, request, reply, function(kept)
      return whole_of(call, request, target, route, kept)
    end)
  end
  return delivery.whole(call, request, reply)
end

--- One try.
---@param forward Forward
---@return true? answered
---@return Failure? failure
function forwarding.run(call, request, target, route, forward)
  local reply, failure = send(call, request, target, route, forward)
  if not reply then return nil, failure end
  request.forwarded = true
  local answered
  answered, failure = deliver(call, request, target, route, reply)
  if not answered then request.forwarded = nil end
  reply:close()
  return answered, failure
end

return forwarding
