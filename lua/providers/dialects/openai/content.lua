-- SPDX-License-Identifier: Apache-2.0
--- Contents of answers: some vendors give a list of parts, reasoning among them, or call reasoning otherwise.

local json = require "gateway.json"
local value = require "providers.dialects.neutral.value"

local typed = value.typed

local function add_texts(list, parts)
  if type(parts) == "string" then
    list[#list + 1] = parts
    return
  end
  for _, part in ipairs(type(parts) == "table" and parts or {}) do
    list[#list + 1] = type(part) == "string" and part or typed(part, "text", "string")
  end
end

-- Mistral's `thinking`, Databricks' `reasoning`.
local PARTS = {
  text = function(part, texts) texts[#texts + 1] = typed(part, "text", "string") end,
  output_text = function(part, texts) texts[#texts + 1] = typed(part, "text", "string") end,
  thinking = function(part, _, thoughts) add_texts(thoughts, part.thinking) end,
  reasoning = function(part, _, thoughts) add_texts(thoughts, part.summary or part.text) end,
}

--- The text and the reasoning of a content.
---@param content any
---@return string? text, string? reasoning
local function read(content)
  if type(content) ~= "table" then return type(content) == "string" and content or nil end
  local texts, thoughts = {}, {}
  for _, part in ipairs(content) do
    local take = PARTS[typed(part, "type", "string")]
    if take then take(part, texts, thoughts) end
  end
  return table.concat(texts), #thoughts > 0 and table.concat(thoughts) or nil
end

--- Puts text into `content` and reasoning into `reasoning_content` of a message or delta, in place. The signed parts
--- of `reasoning_details` stay beside them, for replay.
---@param message table
local function settle(message)
  if type(message.content) == "table" then
    local text, reasoning = read(message.content)
    message.content = text ~= "" and text or json.null
    message.reasoning_content = reasoning or message.reasoning_content
  end
  local reasoning = typed(message, "reasoning", "string")
  if reasoning then
    if not typed(message, "reasoning_content", "string") then message.reasoning_content = reasoning end
    message.reasoning = nil
  end
  if message.reasoning_content == "" or message.reasoning_content == json.null then message.reasoning_content = nil end
end

return { settle = settle }
