-- SPDX-License-Identifier: Apache-2.0
--- Clients that speak the Responses API: POST /v1/responses, in front of any model.

local answer = require "providers.dialects.openai_responses.answer"
local ask = require "providers.dialects.openai_responses.ask"
local flow = require "providers.dialects.openai_responses.flow"
local shape = require "providers.dialects.openai.shape"

-- What must hold before anybody is asked (gateway-api 1.11): the rest is the provider's business, or the translation's.
local RULES = {
  { "stream", "boolean", "a boolean" }, { "previous_response_id", "string", "a string" },
  { "store", "boolean", "a boolean" }, { "background", "boolean", "a boolean" },
}

---@class ResponsesFacts
---@field previous string? the response to go on from
---@field kept boolean the client wants it kept

--- Looks at the members that decide where a request goes.
---@param call table
---@return { model: string, stream: boolean, facts: ResponsesFacts }? read, Failure? failure
local function read(call)
  local problem = shape.fault(call, RULES)
  if problem then return nil, problem end
  return {
    model = call:get "model", stream = call:get "stream" == true, include_usage = true,
    facts = { previous = call:get "previous_response_id", kept = call:get "store" ~= false },
  }
end

--- A provider with the same API gets the client's bytes, unless the conversation so far is kept here.
---@param context FaceContext
---@param target table
---@return Forward?
local function forward(context, target)
  local path = (target.paths or {}).responses
  if not path or context.history then return nil end
  return { path = path }
end

---@type Face
return {
  endpoint = "responses",
  surface = "chat",
  raw_keys = { parameters = true, schema = true },
  read = read,
  forward = forward,
  request = ask.build,
  response = answer.translate,
  failure = shape.answer,
  stream = flow.stream,
  event = flow.event,
  finish = flow.finish,
  broken = flow.broken,
}
