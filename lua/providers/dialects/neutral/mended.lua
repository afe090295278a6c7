-- SPDX-License-Identifier: Apache-2.0
--- JSON in which a character was cut in two: half of a surrogate pair, as "\ud83d" at the end of a text that somebody
--- shortened. What is left of it reads as U+FFFD.

local json = require "gateway.json"

local HIGH, LOW, END = 0xD800, 0xDC00, 0xE000

--- The number of the `\u` escape that stands at `at`, or nil.
local function escaped(text, at)
  local digits = text:match("^\\u(%x%x%x%x)", at)
  return digits and tonumber(digits, 16)
end

--- How long the escape at `at` is, and whether it is half of a character.
local function measure(text, at)
  local number = escaped(text, at)
  if not number then return 2, false end
  if number < HIGH or number >= END then return 6, false end
  local second = number < LOW and escaped(text, at + 6)
  if second and second >= LOW and second < END then return 12, false end
  return 6, true
end

local function mend(text)
  local parts, from, at = {}, 1, text:find("\\", 1, true)
  while at do
    local length, half = measure(text, at)
    if half then
      parts[#parts + 1] = text:sub(from, at - 1) .. "\\ufffd"
      from = at + length
    end
    at = text:find("\\", at + length, true)
  end
  parts[#parts + 1] = text:sub(from)
  return table.concat(parts)
end

local function is_cut(message)
  return message ~= nil and message:find("surrogate", 1, true) ~= nil
end

--- json.decode, also of texts with halves of characters.
---@param text string
---@param options table?
---@return any value, string? message
local function decode(text, options)
  local found, message = json.decode(text, options)
  if found == nil and is_cut(message) then return json.decode(mend(text), options) end
  return found, message
end

--- json.raw, likewise.
---@param text string
---@return userdata? raw, string? message
local function raw(text)
  local found, message = json.raw(text)
  if found == nil and is_cut(message) then return json.raw(mend(text)) end
  return found, message
end

return { decode = decode, raw = raw }
