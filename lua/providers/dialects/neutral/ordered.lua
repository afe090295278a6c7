-- SPDX-License-Identifier: Apache-2.0
--- Valid JSON text taken apart and put together in the order it was written: a decoded table forgets the order of its
--- members, and a model answers a schema in exactly that order.

local json = require "gateway.json"

local QUOTE, BACKSLASH, OPEN_OBJECT, OPEN_ARRAY = ('"\\{['):byte(1, 4)

--- Where the string that opens at `at` closes.
local function string_end(text, at)
  local found = text:find('["\\]', at + 1)
  while text:byte(found) == BACKSLASH do
    found = text:find('["\\]', found + 2)
  end
  return found
end

local function nested_end(text, at)
  local depth = 0
  repeat
    at = text:find('["{}%[%]]', at)
    local byte = text:byte(at)
    if byte == QUOTE then
      at = string_end(text, at)
    else
      depth = depth + ((byte == OPEN_OBJECT or byte == OPEN_ARRAY) and 1 or -1)
    end
    at = at + 1
  until depth == 0
  return at - 1
end

local function value_end(text, at)
  local byte = text:byte(at)
  if byte == QUOTE then return string_end(text, at) end
  if byte == OPEN_OBJECT or byte == OPEN_ARRAY then return nested_end(text, at) end
  return (text:find("[%s,%]}]", at) or #text + 1) - 1
end

--- Position after white space and the `mark` (a comma or a colon), if it is there.
local function after(text, at, mark)
  return text:match("^%s*" .. mark .. "?%s*()", at)
end

---@class OrderedMember
---@field key string its name, without quotes, as written
---@field value string its JSON text

---@param text string valid JSON
---@return boolean
local function is_object(text)
  return text:find("^%s*{") ~= nil
end

---@param text string valid JSON
---@return boolean
local function is_array(text)
  return text:find("^%s*%[") ~= nil
end

--- The members of an object in their order.
---@param text string valid JSON of an object
---@return OrderedMember[]
local function members(text)
  local list, at = {}, text:match("^%s*{%s*()")
  while text:byte(at) == QUOTE do
    local key_end = string_end(text, at)
    local from = after(text, key_end + 1, ":")
    local to = value_end(text, from)
    list[#list + 1] = { key = text:sub(at + 1, key_end - 1), value = text:sub(from, to) }
    at = after(text, to + 1, ",")
  end
  return list
end

--- The items of an array.
---@param text string valid JSON of an array
---@return string[]
local function items(text)
  local list, at = {}, text:match("^%s*%[%s*()")
  while not text:find("^%]", at) do
    local to = value_end(text, at)
    list[#list + 1] = text:sub(at, to)
    at = after(text, to + 1, ",")
  end
  return list
end

---@param list OrderedMember[]
---@return string
local function object(list)
  local parts = {}
  for i, entry in ipairs(list) do
    parts[i] = '"' .. entry.key .. '":' .. entry.value
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

---@param list string[]
---@return string
local function array(list)
  return "[" .. table.concat(list, ",") .. "]"
end

--- The member named `key`, and where it stands.
---@param list OrderedMember[]
---@param key string
---@return OrderedMember?, integer?
local function find(list, key)
  for i, entry in ipairs(list) do
    if entry.key == key then return entry, i end
  end
  return nil
end

--- Sets a member in its place, or at the end.
---@param list OrderedMember[]
---@param key string
---@param value any what json.encode takes
local function set(list, key, value)
  local entry = find(list, key)
  if not entry then
    entry = { key = key }
    list[#list + 1] = entry
  end
  entry.value = json.encode(value)
end

--- The same JSON without white space between its tokens.
---@param text string valid JSON
---@return string
local function compact(text)
  if not text:find("%s") then return text end
  local parts, at = {}, 1
  while true do
    local quote = text:find('"', at, true)
    parts[#parts + 1] = text:sub(at, (quote or #text + 1) - 1):gsub("%s+", "")
    if not quote then break end
    local last = string_end(text, quote)
    parts[#parts + 1] = text:sub(quote, last)
    at = last + 1
  end
  return table.concat(parts)
end

return {
  compact = compact,
  is_object = is_object,
  is_array = is_array,
  members = members,
  items = items,
  object = object,
  array = array,
  find = find,
  set = set,
}
