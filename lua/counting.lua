-- SPDX-License-Identifier: Apache-2.0
--- How many tokens a chat request has: as the provider counts them, or about (native-providers 16.8). A valid request
--- always gets an answer.

local delivery = require "delivery"
local errors = require "errors"
local estimate = require "estimate"
local json = require "gateway.json"
local translation = require "translation"

local counting = {}

local MESSAGE, IMAGE, TOOLS = 4, 1500, 300

local NOT_TEXT = { image_url = true, input_audio = true, file = true }

local function part_tokens(part)
  if type(part) == "string" then return estimate.tokens(part) end
  if not json.is_object(part) then return 0 end
  if NOT_TEXT[part.type] then return IMAGE end
  return estimate.tokens(type(part.text) == "string" and part.text or "")
end

local function content_tokens(content)
  if type(content) ~= "table" then return part_tokens(content) end
  local sum = 0
  for _, part in ipairs(content) do sum = sum + part_tokens(part) end
  return sum
end

local function message_tokens(message)
  if not json.is_object(message) then return 0 end
  local calls = message.tool_calls and json.encode(message.tool_calls) or ""
  return MESSAGE + content_tokens(message.content) + estimate.tokens(calls)
end

local function about(body)
  local sum = 0
  local messages = json.is_array(body.messages) and body.messages or {}
  for _, message in ipairs(messages) do sum = sum + message_tokens(message) end
  if json.is_array(body.tools) and #body.tools > 0 then
    sum = sum + TOOLS + estimate.tokens((json.encode(body.tools)))
  end
  return math.max(1, sum)
end

--- About as many, whatever the provider said.
---@return true? answered
---@return Failure? failure
function counting.about(call, request)
  local body = call:decoded {}
  if not body then return nil, errors.too_large end
  return delivery.told(call, request, ('{"input_tokens":%d}'):format(about(body)))
end

--- The provider's count, or about as many.
---@return true? answered
---@return Failure? failure
function counting.run(call, request, target, route)
  if route.operation then
    local answered, failure = translation.operate(call, request, target, route)
    if answered or failure.final or failure.plugin then return answered, failure end
  end
  return counting.about(call, request)
end

return counting
