-- SPDX-License-Identifier: Apache-2.0
--- Chance in an order of targets: who would be asked first how often. The strategies and the walk are gone through many
--- times, with numbers that are spread evenly in the place of drawn ones; nobody is asked.

local json = require "gateway.json"
local strategy = require "strategy"
local walk = require "walk"

local MOST, LEAST = 500, 50 -- samples
local CHOICES = 10000       -- of single targets in all of them: more would take too long
local GOLDEN = 0.6180339887498949 -- its multiples, without their whole part, are spread evenly, too

local explain_draws = {}

--- Draws for the sample of that number: the first one goes through 0 to 1 in equal steps, the others are independent.
local function spread(sample, samples)
  local drawn = 0
  return function()
    drawn = drawn + 1
    if drawn == 1 then return (sample - 0.5) / samples end
    return (sample * GOLDEN * drawn) % 1
  end
end

--- Who is asked first.
local function first_of(call, request, plan, random)
  local first
  local order = strategy.order(plan, call, request, {}, random)
  walk.through(call, request, plan, order, function(_, _, _, target)
    first = target
    return true
  end)
  return first
end

local function by_share(a, b)
  if a.share ~= b.share then return a.share > b.share end
  return a.target < b.target
end

local function shares_of(counts, samples)
  local shares = json.array {}
  for name, count in pairs(counts) do shares[#shares + 1] = { target = name, share = count / samples } end
  table.sort(shares, by_share)
  return shares
end

--- How often each target would be asked first; nil where chance has no say.
---@param call table
---@param request Request
---@param plan Plan
---@return { samples: integer, first: { target: string, share: number }[] }?
function explain_draws.of(call, request, plan)
  local counts, drawn = {}, false
  local samples = math.max(LEAST, math.min(MOST, math.floor(CHOICES / #plan.targets)))
  for sample = 1, samples do
    local draw = spread(sample, samples)
    local first = first_of(call, request, plan, function()
      drawn = true
      return draw()
    end)
    if not drawn then return nil end
    local name = first and first.name or "nobody"
    counts[name] = (counts[name] or 0) + 1
  end
  local shares = shares_of(counts, samples)
  return shares[2] and { samples = samples, first = shares } or nil
end

return explain_draws
