-- SPDX-License-Identifier: Apache-2.0
--- The round of a walk whose targets are hedged: where one takes too long, others of the order are asked beside it
--- (lua/hedge.lua), and so each is looked at before it is its turn.

local aside = require "aside"
local hedge = require "hedge"
local tries = require "tries"

local walk_hedged = {}

--- The next of the order that may be asked now.
---@param passed Aside?
---@return Target? target
---@return Aside? passed
local function next_free(order, passed)
  local target = order:next()
  while target do
    local reason, wait_ms = aside.hindrance(order.plan, target, not order.pool.named)
    if not reason then return target, passed end
    passed = aside.put(passed, target, reason, wait_ms)
    target = order:next()
  end
  return nil, passed
end

---@class Supply the rest of the order, for whoever asks several at a time
---@field order Routing
---@field aside Aside?
---@field kept Target? was taken and not asked
local Supply = {}
Supply.__index = Supply

function Supply:next()
  local target = self.kept
  self.kept = nil
  if not target then target, self.aside = next_free(self.order, self.aside) end
  return target
end

function Supply:back(target)
  self.kept = target
end

function Supply:asked()
  self.order:tried()
end

--- Asks a target, and others of the order beside it when it takes too long.
---@param supply Supply
---@param settle Settle
---@return boolean? over
local function ask(call, request, plan, target, supply, settle)
  local delay = hedge.delay(plan.hedge, request, target, plan.routes[target])
  local over
  if not delay then
    over, supply.aside = settle(call, request, target, supply.aside, tries.run(call, request, plan, target, false))
    return over
  end
  if request.failure then tries.moved(request, target) end
  for _, one in ipairs(hedge.run(call, request, plan, target, plan.hedge, delay, supply)) do
    over, supply.aside = settle(call, request, one.target, supply.aside, one.answered, one.failure, one.reason,
      one.wait_ms)
  end
  return over
end

---@alias Settle fun(call: table, request: Request, target: Target, passed: Aside?, answered: true?, failure: Failure?,
--- reason: string?, wait_ms: number?): boolean?, Aside? what came of a target; true when nobody else is to be asked

--- Through the strategy's order.
---@param order Routing
---@param settle Settle
---@return boolean? over
---@return Aside? passed
function walk_hedged.round(call, request, plan, order, settle)
  local supply = setmetatable({ order = order }, Supply)
  local target = supply:next()
  while target do
    order:tried()
    if ask(call, request, plan, target, supply, settle) then return true, supply.aside end
    target = supply:next()
  end
  return false, supply.aside
end

return walk_hedged
