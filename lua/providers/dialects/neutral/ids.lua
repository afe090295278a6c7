-- SPDX-License-Identifier: Apache-2.0
--- Names and ids in the spelling a vendor accepts. Within one request different ones stay different, and the same
--- history always gives the same spelling, so a vendor's prompt cache survives.

local crypto = require "gateway.crypto"
local random = require "gateway.random"

local RANDOM = 24 -- characters of an id made here

---@class Spelling
---@field refused string Lua character class of what the vendor does not accept
---@field longest integer
---@field taken table<string, boolean> spellings in use

---@param refused string
---@param longest integer
---@return Spelling
local function new(refused, longest)
  return { refused = refused, longest = longest, taken = {} }
end

--- A spelling for `id` that nothing else in this request has.
---@param spelling Spelling
---@param id string
---@return string
local function spell(spelling, id)
  local plain = id:gsub(spelling.refused, "_"):sub(1, spelling.longest)
  if plain == "" then plain = "_" end
  local found, count = plain, 1
  while spelling.taken[found] do
    count = count + 1
    found = plain:sub(1, spelling.longest - 8) .. "_" .. count
  end
  spelling.taken[found] = true
  return found
end

--- The id of a tool call that a vendor gave none: `taken` holds those of the answer so far.
---@param given string? the vendor's
---@param taken table<string, boolean>
---@return string
local function of_call(given, taken)
  local id = given
  if not id or id == "" or id == "null" or taken[id] then id = "call_" .. random.alphanumeric(RANDOM) end
  taken[id] = true
  return id
end

--- The id of an answer.
---@param given string? the vendor's
---@return string
local function of_answer(given)
  return "chatcmpl-" .. (given and given ~= "" and given or random.alphanumeric(RANDOM))
end

local DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

--- An id of exactly nine letters and digits, which is all that Mistral's models take: one that is so already stays.
---@param id string
---@return string
local function nine(id)
  if id:find("^%w%w%w%w%w%w%w%w%w$") then return id end
  local number, digits = tonumber(crypto.sha256(id):sub(1, 13), 16), {}
  for i = 9, 1, -1 do
    local digit = number % 62
    digits[i], number = DIGITS:sub(digit + 1, digit + 1), (number - digit) / 62
  end
  return table.concat(digits)
end

return { new = new, spell = spell, nine = nine, of_call = of_call, of_answer = of_answer }
