-- SPDX-License-Identifier: Apache-2.0
--- Tiers: targets of the lowest `priority` share the requests by weight; the next tier is asked when all of them have
--- failed. Without any weight they share evenly; where one has a weight, those of weight 0 are drained.

local draw = require "gateway.draw"

local function has_weights(targets)
  for _, target in ipairs(targets) do
    if target.weight > 0 then return true end
  end
  return false
end

local function add(tiers, target, weight)
  local tier = tiers[target.priority]
  if not tier then
    tier = { priority = target.priority, targets = {}, names = {}, weights = {} }
    tiers[target.priority], tiers.list[#tiers.list + 1] = tier, tier
  end
  local at = #tier.targets + 1
  tier.targets[at], tier.names[at], tier.weights[at] = target, target.name, weight
end

local function open(_, targets)
  local weighted, tiers = has_weights(targets), { list = {} }
  for _, target in ipairs(targets) do
    local weight = weighted and target.weight or 1
    if weight > 0 then add(tiers, target, weight) end
  end
  table.sort(tiers.list, function(a, b) return a.priority < b.priority end)
  for _, tier in ipairs(tiers.list) do tier.draw = draw.new(tier.names, tier.weights) end
  return tiers.list
end

--- The targets of one tier, from one that was drawn on; nil behind the last tier.
local function more(_, request, turn)
  local tier = request.opened[turn]
  if not tier then return nil end
  if request.notes then
    for _, target in ipairs(tier.targets) do request:note(target, ("priority %d"):format(tier.priority)) end
  end
  return tier.targets, tier.draw:chance(request.random())
end

local function choose(targets, request)
  local order, start = more(targets, request, 1)
  return order or {}, start
end

---@type Strategy
return { name = "priority", schema = {}, open = open, choose = choose, more = more }
