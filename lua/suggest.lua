-- SPDX-License-Identifier: Apache-2.0
--- Did you mean: the known name nearest to a misspelt one.

local LONGEST = 64

local suggest = {}

local function bare(name)
  return (name:lower():gsub("[%-_ ]", ""))
end

--- Row `i` of the table of distances between the prefixes of two words, from the two rows above it.
local function next_row(a, b, i, above, higher)
  local row = { [0] = i }
  for j = 1, #b do
    local change = a:byte(i) == b:byte(j) and 0 or 1
    row[j] = math.min(above[j] + 1, row[j - 1] + 1, above[j - 1] + change)
    local swapped = i > 1 and j > 1 and a:byte(i) == b:byte(j - 1) and a:byte(i - 1) == b:byte(j)
    if swapped then row[j] = math.min(row[j], higher[j - 2] + 1) end
  end
  return row
end

--- Number of edits between two words: a character added, dropped or changed, or two neighbours swapped.
---@param a string
---@param b string
---@return integer
function suggest.distance(a, b)
  local above, higher = {}, nil
  for j = 0, #b do above[j] = j end
  for i = 1, #a do above, higher = next_row(a, b, i, above, higher), above end
  return above[#b]
end

--- The best of `names` for `word`: equal but for case, hyphens and underscores, or at most two edits away (one for a
--- word below five characters). Nil when nothing is near.
---@param word string
---@param names string[]
---@return string|nil
function suggest.nearest(word, names)
  local best, least = nil, #word < 5 and 2 or 3
  if #word > LONGEST then return nil end
  for _, name in ipairs(names) do
    local distance = least
    if bare(name) == bare(word) then
      distance = 0
    elseif math.abs(#name - #word) < least then
      distance = suggest.distance(word:lower(), name:lower())
    end
    if distance < least then best, least = name, distance end
  end
  return best
end

--- `; did you mean "x"?` or nothing.
---@param word string
---@param names string[]
---@return string
function suggest.phrase(word, names)
  local name = suggest.nearest(word, names)
  return name and ('; did you mean "%s"?'):format(name) or ""
end

--- The names of a set, in their order.
---@param set table<string, any>
---@return string[]
function suggest.names(set)
  local names = {}
  for name in pairs(set) do names[#names + 1] = name end
  table.sort(names)
  return names
end

return suggest
