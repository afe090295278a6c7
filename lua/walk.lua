-- SPDX-License-Identifier: Apache-2.0
--- From the strategy's order to an answer, or to the failure that the client reads: the targets are asked one after the
--- other (lua/tries.lua says what happens at one of them). Who cannot be asked now is passed by.
---
---   open, unhealthy   not asked at all; when that is everybody, the client learns when to come again
---   busy, throttled   asked behind the others, in this order: nobody waits in a queue while another target is free
---
--- A strategy that names its target (single, conditional, content-based) is not asked for others because one is slow or
--- has failed: only for the first of its order that is not down.

local aside = require "aside"
local errors = require "errors"
local registry = require "registry"
local shadow = require "shadow"
local strategy = require "strategy"
local streaming = require "streaming"
local tries = require "tries"
local walk_hedged = require "walk_hedged"

local walk = {}

local next_of, put_aside = strategy.next, aside.put

local NAMED, POOL = "target %s: %s", "all providers failed: target %s: %s"

--- Notes why a target has not answered. True when nobody else is to be asked: every other would say the same, or the
--- client has left.
local function note_failure(call, request, target, failure)
  failure = failure or tries.saturated(call, target)
  request.failure, request.failed = failure, target
  return failure.final or call:drained()
end

--- What came of a target.
---@type Settle
local function settle(call, request, target, passed, answered, failure, reason, wait_ms)
  if answered then
    request.failure = nil
    return true, passed
  end
  if failure or reason == "saturated" then return note_failure(call, request, target, failure), passed end
  return false, put_aside(passed, target, reason, wait_ms)
end

---@alias Ask fun(call: table, request: Request, plan: Plan, target: Target, soon: boolean): true?, Failure?, string?,
--- number? asks one target, like tries.run

--- Through the strategy's order. One that a strategy names is asked although it is slow.
---@param asks Ask
---@return boolean? over with an answer, or with a failure that ends it: request.failure
---@return Aside? passed
local function go_round(call, request, plan, order, asks)
  local passed
  local target = next_of(order)
  while target do
    local answered, failure, reason, wait_ms = asks(call, request, plan, target, not order.pool.named)
    if answered then return true end
    if failure or reason == "saturated" then
      if note_failure(call, request, target, failure) then return true end
      order:tried()
    else
      passed = put_aside(passed, target, reason, wait_ms)
    end
    target = next_of(order)
  end
  return false, passed
end

--- Those that were passed by, when nobody else has answered.
---@return boolean? over
local function go_back(call, request, plan, passed, asks)
  for _, list in ipairs { passed.busy, passed.throttled } do
    for _, target in ipairs(list) do
      if settle(call, request, target, passed, asks(call, request, plan, target, false)) then return true end
    end
  end
end

--- Goes through a strategy's order, and then to those that were passed by.
---@param order Routing
---@param asks Ask
---@param hedged boolean? others are asked beside one that is slow
---@return boolean? over
---@return Aside? passed
function walk.through(call, request, plan, order, asks, hedged)
  local round = hedged and walk_hedged.round or go_round
  local over, passed = round(call, request, plan, order, hedged and settle or asks)
  if not over and passed then over = go_back(call, request, plan, passed, asks) end
  return over, passed
end

--- Nobody could be asked: because they are down, or because the strategy has nobody for this request.
local function nobody(request, passed)
  if not passed or not passed.down[1] then return errors.model_not_found end
  for _, target in ipairs(passed.down) do tries.skipped(target) end
  request.failed = passed.down[#passed.down]
  return errors.unavailable(passed.wait)
end

--- Why, in the gateway's words alone: an upstream's may repeat what the client wrote.
local function cause_of(failure)
  if failure.detail then return failure.detail end
  local status = failure.upstream_status
  return status and ("it answered %d (%s)"):format(status, failure.code) or failure.code
end

--- Asks the plan's targets until one answers.
---@param call table
---@param request Request
---@param plan Plan
---@return Failure? failure of the last that was asked; nil: the client has been answered
function walk.run(call, request, plan)
  if request.stream then streaming.await(call, request) end
  local draws = registry.shadow and shadow.is_over(registry.shadow, plan) and {} or nil
  local order = strategy.order(plan, call, request, nil, draws)
  if draws then shadow.chosen(call, request, order, draws) end
  local over, passed = walk.through(call, request, plan, order, tries.run, plan.hedge ~= nil)
  local failure = request.failure
  if over and not failure then return nil end
  failure = failure or nobody(request, passed)
  if request.failed and not failure.plugin then
    local named = plan.pool and plan.pool.named
    call:note_failure((named and NAMED or POOL):format(request.failed.name, cause_of(failure)))
  end
  return failure
end

return walk
