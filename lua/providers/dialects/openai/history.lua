-- SPDX-License-Identifier: Apache-2.0
--- Messages of a conversation as a provider wants them, by its data: `history`, and the nested names in `params.drop`.
--- Messages that need no change stay the very tables that were given.

local crypto = require "gateway.crypto"
local json = require "gateway.json"
local params = require "providers.dialects.neutral.params"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

local NONE = {}
local SHORT_ID = 9 -- characters of Mistral's tool-call ids
local PLACEHOLDER = " " -- the least that counts as reasoning

local function copy(message)
  local made = {}
  for name, field in pairs(message) do made[name] = field end
  return made
end

-- Each step takes a message and the scene, and returns the message or a changed copy. ----------------------------

local function without_name(message, scene)
  if not scene.drops_name or member(message, "name") == nil then return message end
  if params.lists(scene.history.names, message.role) then return message end
  local made = copy(message)
  made.name = nil
  return made
end

--- Reasoning of earlier answers: some vendors refuse the member, others miss it.
local function with_reasoning(message, scene)
  local rule = scene.history.reasoning
  if not rule or message.role ~= "assistant" then return message end
  local text = typed(message, "reasoning_content", "string") or typed(message, "reasoning", "string")
  if rule == "refused" then
    if message.reasoning_content == nil and message.reasoning == nil and message.thinking_blocks == nil then
      return message
    end
    local made = copy(message)
    made.reasoning_content, made.reasoning, made.thinking_blocks = nil, nil, nil
    return made
  end
  local calls = typed(message, "tool_calls", "table")
  if rule == "calls" and not (calls and calls[1]) or text and message.reasoning_content == text then return message end
  local made = copy(message)
  made.reasoning_content, made.reasoning = text and text ~= "" and text or PLACEHOLDER, nil
  return made
end

local function without_nulls(message, scene)
  if not scene.history.nulls then return message end
  local made
  for name, field in pairs(message) do
    if field == json.null and name ~= "content" then
      made = made or copy(message)
      made[name] = nil
    end
  end
  return made or message
end

local function only_text(content)
  local texts = {}
  for i, part in ipairs(content) do
    if typed(part, "type", "string") ~= "text" or type(part.text) ~= "string" then return nil end
    texts[i] = part.text
  end
  return table.concat(texts)
end

--- Text parts as one string, where nothing else is among them.
local function as_text(message, scene)
  local content = scene.history.text and typed(message, "content", "table")
  local text = content and only_text(content)
  if not text then return message end
  local made = copy(message)
  made.content = text
  return made
end

local function as_system(message, scene)
  if not scene.history.system or message.role ~= "developer" then return message end
  local made = copy(message)
  made.role = "system"
  return made
end

-- Ids ------------------------------------------------------------------------------------------------------------

local DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

--- The first nine base-62 digits of a hash; an id that is one already stays.
local function short_id(id)
  if #id == SHORT_ID and id:find "^%w+$" then return id end
  local hash, digits = crypto.sha256(id), {}
  for i = 1, SHORT_ID do
    local number = tonumber(hash:sub(i * 4 - 3, i * 4), 16) % #DIGITS
    digits[i] = DIGITS:sub(number + 1, number + 1)
  end
  return table.concat(digits)
end

local function short_calls(list)
  local calls = json.array {}
  for i, call in ipairs(list) do
    local id = typed(call, "id", "string")
    calls[i] = copy(call)
    calls[i].id = id and short_id(id) or call.id
  end
  return calls
end

local function with_short_ids(message, scene)
  if not scene.history.short_ids then return message end
  local calls, id = typed(message, "tool_calls", "table"), typed(message, "tool_call_id", "string")
  if not calls and not id then return message end
  local made = copy(message)
  if calls then made.tool_calls = short_calls(calls) end
  if id then made.tool_call_id = short_id(id) end
  return made
end

-- The list -------------------------------------------------------------------------------------------------------

local function parts_of(content)
  if type(content) == "table" then return content end
  return { { type = "text", text = content } }
end

local function joined_content(first, second)
  if first == nil then return second end
  if second == nil then return first end
  if type(first) == "string" and type(second) == "string" then return first .. "\n\n" .. second end
  local list = json.array {}
  for _, content in ipairs { first, second } do
    for _, part in ipairs(parts_of(content)) do list[#list + 1] = part end
  end
  return list
end

local function may_join(before, message)
  if not before or before.role ~= message.role then return false end
  if message.role == "system" or message.role == "tool" then return false end
  return not typed(before, "tool_calls", "table") and not typed(message, "tool_calls", "table")
end

--- Neighbours of one role as one message, for vendors whose roles must alternate.
local function alternating(list)
  local result = json.array {}
  for _, message in ipairs(list) do
    local before = result[#result]
    if may_join(before, message) then
      local made = copy(before)
      made.content = joined_content(member(before, "content"), member(message, "content"))
      result[#result] = made
    else
      result[#result + 1] = message
    end
  end
  return result
end

local STEPS = { as_system, without_name, with_reasoning, without_nulls, as_text, with_short_ids }

--- The messages as the provider wants them.
---@param messages table[] decoded
---@param provider Provider
---@return table[]
local function fit(messages, provider)
  local scene = {
    history = provider.history or NONE, drops_name = params.lists((provider.params or NONE).drop, "messages[].name"),
  }
  local list = json.array {}
  for i, message in ipairs(messages) do
    if type(message) == "table" then
      for _, step in ipairs(STEPS) do message = step(message, scene) end
    end
    list[i] = message
  end
  return scene.history.alternate and alternating(list) or list
end

--- Whether a conversation with this text may have to be changed at all: most need not be read for it.
---@param text string JSON of the messages
---@param provider Provider
---@return boolean
local function may_concern(text, provider)
  local history = provider.history or NONE
  local function holds(word) return text:find(word, 1, true) ~= nil end
  return params.lists((provider.params or NONE).drop, "messages[].name") and holds '"name"'
    or history.reasoning == "refused" and (holds '"reasoning' or holds '"thinking_blocks"')
    or history.reasoning ~= nil and history.reasoning ~= "refused" and holds '"assistant"'
    or history.nulls and holds "null" or history.text and holds '"text"' or history.system and holds '"developer"'
    or history.short_ids and holds '"tool_call' or history.alternate or false
end

return { fit = fit, may_concern = may_concern, short_id = short_id, copy = copy }
