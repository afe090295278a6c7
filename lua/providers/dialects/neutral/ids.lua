-- SPDX-License-Identifier: Apache-2.0
--- Names and ids in the spelling a vendor accepts. Within one request different ones stay different, and the same
--- history always gives the same spelling, so a vendor's prompt cache survives.

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

return { new = new, spell = spell }
