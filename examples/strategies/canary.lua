-- SPDX-License-Identifier: Apache-2.0
--- Draws who is asked first by weight, so that a new target can be given a small share; the others follow in the order
--- of the configuration when it does not answer.

local random = require "gateway.random"

local function total_of(targets)
  local total = 0
  for _, target in ipairs(targets) do total = total + target.weight end
  return total
end

--- The position that a number from 0 to below the total falls on.
local function drawn(targets, number)
  for position, target in ipairs(targets) do
    number = number - target.weight
    if number < 0 then return position end
  end
  return 1
end

local function choose(targets)
  local first = drawn(targets, random.number() * total_of(targets))
  local ordered = { targets[first] }
  for position, target in ipairs(targets) do
    if position ~= first then ordered[#ordered + 1] = target end
  end
  return ordered
end

return { name = "canary", choose = choose }
