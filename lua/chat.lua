-- SPDX-License-Identifier: Apache-2.0
--- The chat surface: what a request must look like before anybody is asked (gateway-api 1.3). Members that are not
--- named here are nobody's business but the provider's.

local call_door = require "gateway.call"
local errors = require "errors"
local json = require "gateway.json"

--- Rules in the order in which their messages win: name, kinds, then what goes wrong. An optional member may be null.
local rules = {
  { "model", "string", required = true, nonempty = true, message = "model is required" },
  { "messages", "array", message = "messages must be an array" },
  { "messages", "array", required = true, nonempty = true, message = "at least one message is required" },
  { "temperature", "number", min = 0, max = 2, message = "temperature must be between 0 and 2" },
  { "top_p", "number", min = 0, max = 1, message = "top_p must be between 0 and 1" },
  { "max_tokens", "integer", min = 1, message = "max_tokens must be positive" },
  { "max_completion_tokens", "integer", min = 1, message = "max_completion_tokens must be positive" },
  { "presence_penalty", "number", min = -2, max = 2, message = "presence_penalty must be between -2 and 2" },
  { "frequency_penalty", "number", min = -2, max = 2, message = "frequency_penalty must be between -2 and 2" },
  { "stream", "boolean", message = "stream must be a boolean" },
  { "stream_options", "object", message = "stream_options must be an object" },
  { "stop", "string", "array", message = "stop must be a string or an array of strings" },
  { "n", "integer", min = 1, message = "n must be a positive integer" },
  { "seed", "integer", message = "seed must be an integer" },
  { "tools", "array", message = "tools must be an array" },
  { "tool_choice", "string", "object", message = "tool_choice must be a string or an object" },
  { "parallel_tool_calls", "boolean", message = "parallel_tool_calls must be a boolean" },
  { "response_format", "object", message = "response_format must be an object" },
  { "logprobs", "boolean", "integer", message = "logprobs must be a boolean" },
  { "top_logprobs", "integer", message = "top_logprobs must be an integer" },
  { "logit_bias", "object", message = "logit_bias must be an object" },
  { "user", "string", message = "user must be a string" },
}

local checks = call_door.checks(rules)

--- True when the client asked for the usage chunk.
local function wants_usage(call)
  local raw = call:raw "stream_options"
  local options = raw and json.decode(raw)
  return json.is_object(options) and options.include_usage == true
end

---@class ChatRequest
---@field model string
---@field stream boolean
---@field include_usage boolean

local later = nil -- nil out of a local keeps its place in a table: it need not grow as the request goes its way

local chat = {}

---@return ChatRequest? request
---@return Failure? failure
function chat.read(call)
  local fault, model, stream = call:scan(checks)
  if not fault then return nil, errors.invalid(model) end -- the second value is the message then
  if fault > 0 then return nil, errors.invalid(rules[fault].message, rules[fault][1]) end
  return {
    model = model, stream = stream, include_usage = stream and wants_usage(call), surface = later,
    deadline_at = later, visit = later, inside = later, route = later,
  }
end

return chat
