-- SPDX-License-Identifier: Apache-2.0
--- Reading decoded JSON and text that a client or a vendor wrote.

local json = require "gateway.json"

-- These two functions are most of what a translation calls: what they look up is at hand.
local type, null, number, is_raw = type, json.null, json.number, json.is_raw

--- The member `name` of a decoded object. Null counts as absent, and so does every member of what is no object.
---@param object any
---@param name string
---@return any
local function member(object, name)
  if type(object) ~= "table" then return nil end
  local found = object[name]
  if found == null then return nil end
  return found
end

--- The same when it is of the type `kind`, else nil. A number may be spelt in any way ("1.0").
---@param object any
---@param name string
---@param kind "string"|"number"|"boolean"|"table"
---@return any
local function typed(object, name, kind)
  if type(object) ~= "table" then return nil end
  local found = object[name]
  if found == nil or found == null then return nil end
  if kind == "number" then return number(found) end
  if type(found) == kind then return found end
  return nil
end

--- Why one of a stream's choices ended; nil while it goes on: some providers say "" all the while.
---@param choice any
---@return string?
local function reason(choice)
  local found = typed(choice, "finish_reason", "string")
  return found ~= "" and found or nil
end

--- The text `found`, which may still stand as it was written (raw_keys "long"); nil when it is none.
---@param found any
---@return string|userdata|nil
local function text_of(found)
  if type(found) == "string" then return found end
  return type(found) == "userdata" and is_raw(found) and found or nil
end

--- The same as a string.
---@param found string|userdata
---@return string
local function read(found)
  if type(found) == "string" then return found end
  return json.decode(json.text(found))
end

--- Whether a text says nothing. One that still stands as it was written says something.
---@param found string|userdata
---@return boolean
local function blank(found)
  return type(found) == "string" and not found:find("%S")
end

--- `text` without blanks at its end.
---@param text string
---@return string
local function trimmed(text)
  local last = #text
  while last > 0 and text:find("^%s", last) do
    last = last - 1
  end
  return text:sub(1, last)
end

--- How many characters the UTF-8 `text` has.
---@param text string
---@return integer
local function characters(text)
  local _, continuation = text:gsub("[\128-\191]", "")
  return #text - continuation
end

--- At most `limit` characters of `text`, never half of one.
---@param text string
---@param limit integer
---@return string
local function cut(text, limit)
  if #text <= limit then return text end
  local at, count = 1, 0
  while at <= #text and count < limit do
    at = text:find("[^\128-\191]", at + 1) or #text + 1
    count = count + 1
  end
  return text:sub(1, at - 1)
end

--- A list as a member of an answer: absent when it is empty.
---@param list table
---@return table?
local function listed(list)
  return #list > 0 and json.array(list) or nil
end

--- The numbers among the keys of `map`, smallest first: a peer chose them, so nobody counts up to them.
---@param map table<number, any>
---@return number[]
local function positions(map)
  local list = {}
  for at in pairs(map) do list[#list + 1] = at end
  table.sort(list)
  return list
end

return {
  positions = positions, reason = reason,
  member = member, typed = typed, text = text_of, read = read, blank = blank, trimmed = trimmed,
  characters = characters, cut = cut, listed = listed,
}
