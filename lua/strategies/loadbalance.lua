-- SPDX-License-Identifier: Apache-2.0
--- Draws a target by weight; whoever fails is followed by the next one round. A weight of 0 is a true drain: such a
--- target is never asked, not even when all others fail.

local draw = require "gateway.draw"

local function open(_, targets)
  local drawn, names, weights = {}, {}, {}
  for _, target in ipairs(targets) do
    if target.weight > 0 then
      local at = #drawn + 1
      drawn[at], names[at], weights[at] = target, target.name, target.weight
    end
  end
  local drawing = draw.new(names, weights)
  return { targets = drawn, draw = drawing, chance = drawing.chance }
end

local function explain(targets, request)
  for _, target in ipairs(targets) do
    request:note(target, target.weight > 0 and ("weight %g"):format(target.weight) or "drained: weight 0")
  end
end

local function choose(targets, request)
  local opened = request.opened
  if request.notes then explain(targets, request) end
  return opened.targets, opened.chance(opened.draw, request.random())
end

---@type Strategy
return { name = "loadbalance", schema = {}, open = open, choose = choose }
