-- SPDX-License-Identifier: Apache-2.0
--- Tool calls of answers as OpenAI's clients read them: with an id, arguments as text.

local ids = require "providers.dialects.neutral.ids"
local json = require "gateway.json"
local value = require "providers.dialects.neutral.value"

local typed = value.typed

--- Arguments as text; nil when there are none. Some servers send an object.
---@param spec table?
---@return string?
local function arguments_of(spec)
  local found = value.member(spec, "arguments")
  if found == nil or type(found) == "string" then return found end
  return json.encode(found)
end

local function is_nothing(text)
  return not text or value.blank(text) or text:find "^%s*null%s*$" ~= nil
end

--- The calls of a whole message, in place; an empty list goes, and with it what is no call.
---@param message table
---@return boolean has_calls
local function settle(message)
  local list = json.array {}
  for _, call in ipairs(typed(message, "tool_calls", "table") or {}) do
    if type(call) == "table" then list[#list + 1] = call end
  end
  message.tool_calls = list[1] and list or nil
  if not list[1] then return false end
  local taken = {}
  for _, call in ipairs(list) do
    local spec = typed(call, "function", "table")
    call.id, call.type = ids.of_call(typed(call, "id", "string"), taken), typed(call, "type", "string") or "function"
    call.index = nil
    if spec then
      local arguments = arguments_of(spec)
      spec.arguments = is_nothing(arguments) and "{}" or arguments
    end
  end
  if type(message.content) ~= "string" or message.content == "" then message.content = json.null end
  return true
end

return { settle = settle, arguments_of = arguments_of, is_nothing = is_nothing }
