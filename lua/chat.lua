-- SPDX-License-Identifier: Apache-2.0
--- The chat surface: what a request must look like before anybody is asked (gateway-api 1.3). Members that are not
--- named here are nobody's business but the provider's.

local errors = require "errors"
local json = require "gateway.json"

local function between(low, high)
  return function(kind, value)
    return (kind == "number" or kind == "integer") and value >= low and value <= high
  end
end

local function positive(kind, value)
  return kind == "integer" and value > 0
end

local function one_of(...)
  local allowed = {}
  for _, kind in ipairs { ... } do allowed[kind] = true end
  return function(kind) return allowed[kind] end
end

--- Checks in the order in which their messages win; `null` always passes for the optional ones.
local checks = {
  { "model", function(kind, value) return kind == "string" and value ~= "" end, "model is required" },
  { "messages", one_of "array", "messages must be an array" },
  { "temperature", between(0, 2), "temperature must be between 0 and 2" },
  { "top_p", between(0, 1), "top_p must be between 0 and 1" },
  { "max_tokens", positive, "max_tokens must be positive" },
  { "max_completion_tokens", positive, "max_completion_tokens must be positive" },
  { "presence_penalty", between(-2, 2), "presence_penalty must be between -2 and 2" },
  { "frequency_penalty", between(-2, 2), "frequency_penalty must be between -2 and 2" },
  { "stream", one_of "boolean", "stream must be a boolean" },
  { "stream_options", one_of "object", "stream_options must be an object" },
  { "stop", one_of("string", "array"), "stop must be a string or an array of strings" },
  { "n", positive, "n must be a positive integer" },
  { "seed", one_of("integer"), "seed must be an integer" },
  { "tools", one_of "array", "tools must be an array" },
  { "tool_choice", one_of("string", "object"), "tool_choice must be a string or an object" },
  { "parallel_tool_calls", one_of "boolean", "parallel_tool_calls must be a boolean" },
  { "response_format", one_of "object", "response_format must be an object" },
  { "logprobs", one_of("boolean", "integer"), "logprobs must be a boolean" },
  { "top_logprobs", one_of "integer", "top_logprobs must be an integer" },
  { "logit_bias", one_of "object", "logit_bias must be an object" },
  { "user", one_of "string", "user must be a string" },
}

local required = { model = true, messages = true }
local by_name = {}
for order, check in ipairs(checks) do
  by_name[check[1]] = { order = order, holds = check[2], message = check[3] }
end

--- The first member, in the order of `checks`, that does not hold.
local function first_fault(call, count)
  local worst
  for i = 1, count do
    local name, kind, value = call:member(i)
    local check = by_name[name]
    if check and not (kind == "null" and not required[name]) and not check.holds(kind, value) then
      if not worst or check.order < worst.order then worst = { order = check.order, message = check.message, name = name } end
    end
  end
  return worst
end

local function missing(call)
  if not call:get "model" then return "model", "model is required" end
  local messages = call:raw "messages"
  if not messages then return "messages", "at least one message is required" end
  if #messages < 64 and messages:gsub("[%s%[%]]", "") == "" then return "messages", "at least one message is required" end
end

--- True when the client asked for the usage chunk, false when it refused it, nil when it said nothing.
local function wants_usage(call)
  local raw = call:raw "stream_options"
  local options = raw and json.decode(raw)
  if not json.is_object(options) then return nil end
  return options.include_usage == true
end

---@class ChatRequest
---@field model string
---@field stream boolean
---@field include_usage? boolean
---@field has_stream_options? boolean

local chat = {}

---@return ChatRequest? request
---@return Failure? failure
function chat.read(call)
  local count, message = call:scan()
  if not count then return nil, errors.invalid(message) end
  local name, text = missing(call)
  local fault = first_fault(call, count)
  if fault and (not name or fault.order < by_name[name].order) then name, text = fault.name, fault.message end
  if name then return nil, errors.invalid(text, name) end
  local request = { model = call:get "model", stream = call:get "stream" == true }
  if request.stream then request.include_usage = wants_usage(call) end
  return request
end

return chat
