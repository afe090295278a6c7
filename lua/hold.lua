-- SPDX-License-Identifier: Apache-2.0
--- How much of a stream's text a plugin's answer lets go. A window is what was held back before, as it came, and what
--- is new; `out` is what the plugin made of it. What may still become a part of what the plugin looks for stays behind
--- and comes again with what is next:
---
---   the end is unchanged      release `out` but for its last bytes, as many as may be held; hold these as they came
---   a change touches the end  it may grow: release what is before it, hold the rest as it came; where that is more
---                             than may be held it has to be taken as it is: release all of `out`
---
--- Nothing is ever cut inside a character.

local hold = {}

local function is_inside(text, position)
  local byte = text:byte(position)
  return byte ~= nil and byte >= 0x80 and byte < 0xC0
end

--- How many of the last `count` bytes can be cut off before a character.
local function whole_end(text, count)
  while count > 0 and is_inside(text, #text - count + 1) do count = count - 1 end
  return count
end

--- The same of the first `count` bytes.
local function whole_start(text, count)
  while count > 0 and is_inside(text, count + 1) do count = count - 1 end
  return count
end

--- How many bytes two texts have in common at their end, by halves: Lua compares long strings faster than bytes.
local function common_end(a, b, most)
  local low, high = 0, math.min(#a, #b, most)
  while low < high do
    local middle = math.ceil((low + high) / 2)
    if a:sub(-middle) == b:sub(-middle) then low = middle else high = middle - 1 end
  end
  return low
end

local function common_start(a, b)
  local low, high = 0, math.min(#a, #b)
  while low < high do
    local middle = math.ceil((low + high) / 2)
    if a:sub(1, middle) == b:sub(1, middle) then low = middle else high = middle - 1 end
  end
  return low
end

--- What goes on, and what is held as it came.
---@param window string
---@param out string
---@param most integer how many bytes may be held
---@return string released
---@return string held
function hold.split(window, out, most)
  if most == 0 then return out, "" end
  local unchanged = out == window and math.min(#out, most)
  local same = whole_end(out, unchanged or common_end(window, out, most))
  if same > 0 then return out:sub(1, #out - same), window:sub(#window - same + 1) end
  local before = whole_start(window, common_start(window, out))
  local touched = #window - before
  if touched == 0 or touched > most then return out, "" end
  return window:sub(1, before), window:sub(before + 1)
end

return hold
