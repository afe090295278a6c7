-- SPDX-License-Identifier: Apache-2.0
--- Chance in an order of targets: who would be asked first how often. The strategies and the walk are gone through many
--- times, with numbers that are spread evenly in the place of drawn ones; nobody is asked.

local aside = require "aside"
local clock = require "gateway.clock"
local json = require "gateway.json"
local strategy = require "strategy"
local walk = require "walk"

local MOST, LEAST = 500, 20 -- samples
local LONGEST_MS = 4        -- after which there are no more: a script may not run for long

--- Multiples of these, without their whole part, are spread evenly, however many there are of them; the first draw of
--- each sample goes by the first one, and so on.
local STEPS = { 2 ^ 0.5, 3 ^ 0.5, 7 ^ 0.5, 11 ^ 0.5, 13 ^ 0.5 }

local explain_draws = {}

--- Draws for the sample of that number.
local function spread(sample)
  local drawn = 0
  return function()
    drawn = drawn + 1
    return (sample * STEPS[(drawn - 1) % #STEPS + 1]) % 1
  end
end

--- Who is asked first.
local function first_of(call, request, plan, random)
  local first
  local order = strategy.order(plan, call, request, {}, random)
  walk.through(call, request, plan, order, function(_, _, _, target, soon)
    local reason, wait_ms = aside.hindrance(plan, target, soon)
    if reason then return nil, nil, reason, wait_ms end
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

--- Goes through everything as often as there is time for.
---@return table<string, integer> counts
---@return integer samples
local function sample_all(call, request, plan)
  local counts, drawn, begun = {}, false, clock.monotonic()
  for sample = 1, MOST do
    local draw = spread(sample)
    local first = first_of(call, request, plan, function()
      drawn = true
      return draw()
    end)
    local name = first and first.name or "nobody"
    counts[name] = (counts[name] or 0) + 1
    local is_late = sample >= LEAST and clock.monotonic() - begun > LONGEST_MS
    if not drawn or is_late then return counts, sample end
  end
  return counts, MOST
end

--- How often each target would be asked first; nil where chance has no say.
---@param call table
---@param request Request
---@param plan Plan
---@return { samples: integer, first: { target: string, share: number }[] }?
function explain_draws.of(call, request, plan)
  local counts, samples = sample_all(call, request, plan)
  local shares = shares_of(counts, samples)
  return shares[2] and { samples = samples, first = shares } or nil
end

return explain_draws
