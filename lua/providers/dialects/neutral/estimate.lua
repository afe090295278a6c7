-- SPDX-License-Identifier: Apache-2.0
--- How many tokens a text or a chat request has, roughly and cheaply: for providers that do not count. Four bytes are a
--- token, three where a text is mostly not ASCII; a message, an image and a list of tools cost something of their own.

local json = require "gateway.json"

local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

local MESSAGE, IMAGE, TOOLS = 4, 1500, 300
local SAMPLE = 1024 -- bytes of a text that tell what it is written in

local function divisor(text)
  local sample = text:sub(1, SAMPLE)
  local _, foreign = sample:gsub("[\128-\255]", "")
  return 2 * foreign > #sample and 3 or 4
end

--- Tokens of a text, not rounded.
local function weight(text)
  if type(text) ~= "string" or text == "" then return 0 end
  return #text / divisor(text)
end

--- Tokens of anything as JSON: schemas.
local function weight_of_json(found)
  return found ~= nil and weight((json.encode(found))) or 0
end

local function weight_of_part(part)
  if type(part) ~= "table" then return 0 end
  local text = typed(part, "text", "string") or typed(part, "refusal", "string") or typed(part, "thinking", "string")
  if text then return weight(text) end
  local kind = part.type
  return (kind == "image_url" or kind == "file" or kind == "input_audio") and IMAGE or 0
end

local function weight_of_content(content)
  if type(content) == "string" then return weight(content) end
  local total = 0
  for _, part in ipairs(type(content) == "table" and content or {}) do total = total + weight_of_part(part) end
  return total
end

local function weight_of_calls(calls)
  local total = 0
  for _, call in ipairs(calls or {}) do
    local spec = typed(call, "function", "table")
    total = total + weight(typed(spec, "name", "string")) + weight(typed(spec, "arguments", "string"))
  end
  return total
end

local function weight_of_message(message)
  return MESSAGE + weight_of_content(member(message, "content")) + weight(typed(message, "reasoning_content", "string"))
    + weight_of_content(typed(message, "thinking_blocks", "table"))
    + weight_of_calls(typed(message, "tool_calls", "table"))
end

local function weight_of_tools(tools)
  local total = 0
  for _, tool in ipairs(tools or {}) do
    total = total + weight_of_json(type(tool) == "table" and (member(tool, "function") or tool) or nil)
  end
  return total > 0 and total + TOOLS or 0
end

--- Tokens of one text.
---@param text string?
---@return integer
local function of_text(text)
  return math.ceil(weight(text))
end

--- Input tokens of a decoded chat request; at least 1.
---@param body table OpenAI's form
---@return integer
local function of_chat(body)
  local total = 0
  for _, message in ipairs(typed(body, "messages", "table") or {}) do total = total + weight_of_message(message) end
  total = total + weight_of_tools(typed(body, "tools", "table"))
    + weight_of_json(typed(typed(body, "response_format", "table"), "json_schema", "table"))
  return math.max(1, math.ceil(total))
end

--- The answer of a count_tokens call, in the gateway's own form.
---@param body table a decoded chat request
---@return string text JSON
local function answer(body)
  return ('{"input_tokens":%d}'):format(of_chat(body))
end

return { of_text = of_text, of_chat = of_chat, answer = answer }
