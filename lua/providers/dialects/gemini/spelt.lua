-- SPDX-License-Identifier: Apache-2.0
--- Members of what Gemini's clients send: Google reads "inlineData" and "inline_data" alike.

local json = require "gateway.json"
local value = require "providers.dialects.neutral.value"

local function snake(name)
  return (name:gsub("%u", function(letter) return "_" .. letter:lower() end))
end

--- The member `name` (given as camelCase) in either spelling; null counts as absent.
---@param object any
---@param name string
---@return any
local function member(object, name)
  local found = value.member(object, name)
  if found == nil then return value.member(object, snake(name)) end
  return found
end

--- The same when it is of the type `kind`.
---@param object any
---@param name string
---@param kind "string"|"number"|"boolean"|"table"
---@return any
local function typed(object, name, kind)
  local found = member(object, name)
  if kind == "number" and found ~= nil then return json.number(found) end
  if type(found) == kind then return found end
  return nil
end

--- Names in both spellings, as a set: for members that decoding keeps raw.
---@param names string[]
---@return table<string, boolean>
local function both(names)
  local set = {}
  for _, name in ipairs(names) do
    set[name], set[snake(name)] = true, true
  end
  return set
end

return { member = member, typed = typed, both = both }
