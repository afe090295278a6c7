-- SPDX-License-Identifier: Apache-2.0
--- From the strategy's order to an answer, or to the failure that the client reads: the targets are asked one after the
--- other (lua/tries.lua says what happens at one of them). Who cannot be asked now is passed by.
---
---   open, unhealthy   not asked at all; when that is everybody, the client learns when to come again
---   busy, throttled   asked behind the others, in this order: nobody waits in a queue while another target is free
---
--- A strategy that names its target (single, conditional, content-based) is not asked for others because one is slow or
--- has failed: only for the first of its order that is not down.

local errors = require "errors"
local hedge = require "hedge"
local metrics = require "gateway.metrics"
local registry = require "registry"
local shadow = require "shadow"
local strategy = require "strategy"
local streaming = require "streaming"
local tries = require "tries"

local walk = {}

local SOON_MS = 1000 -- when nobody says how long

local NAMED, POOL = "target %s: %s", "all providers failed: target %s: %s"

---@class Aside who was passed by
---@field busy Target[]
---@field throttled Target[]
---@field down Target[]
---@field wait number? milliseconds until the first that is down may be tried

local function is_down(reason)
  return reason == "open" or reason == "unhealthy"
end

--- Keeps a target for later.
---@param aside Aside?
---@return Aside
local function put_aside(aside, target, reason, wait_ms)
  aside = aside or { busy = {}, throttled = {}, down = {} }
  local list = aside[reason] or aside.down
  list[#list + 1] = target
  if is_down(reason) then aside.wait = math.min(aside.wait or math.huge, wait_ms or SOON_MS) end
  return aside
end

--- What came of a target. True when nobody else is to be asked; `request.failure` says why, unless it has answered.
---@param aside Aside?
---@return boolean? over
---@return Aside? aside
local function settle(call, request, target, aside, answered, failure, reason, wait_ms)
  if answered then
    request.failure = nil
    return true, aside
  end
  if not failure and is_down(reason) then return false, put_aside(aside, target, reason, wait_ms) end
  request.failure, request.failed = failure or tries.saturated(call, target), target
  return request.failure.final or call:drained(), aside -- for a client that has left nobody else is asked
end

local function move_on(request, target)
  if not request.failure then return end
  request.moved = true
  metrics.series("gateway_failovers_total", target.name):add(1)
end

--- Asks one target.
---@return boolean? over
---@return Aside? aside
local function ask(call, request, plan, target, aside)
  move_on(request, target)
  return settle(call, request, target, aside, tries.run(call, request, plan, target))
end

--- What keeps a target from being asked now. One that the strategy names is asked although it is slow.
local function hindrance(order, target)
  local reason, wait_ms = order.plan.routes[target].cell:look()
  if reason and order.pool.named and not is_down(reason) then return nil end
  return reason, wait_ms
end

--- The next of the order that may be asked now.
---@param aside Aside?
---@return Target? target
---@return Aside? aside
local function next_free(order, aside)
  local target = order:next()
  while target do
    local reason, wait_ms = hindrance(order, target)
    if not reason then return target, aside end
    aside = put_aside(aside, target, reason, wait_ms)
    target = order:next()
  end
  return nil, aside
end

-- Beside a slow one --------------------------------------------------------------------------------------------------

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
---@param order Routing? nil: nobody is behind it
---@return boolean? over
---@return Aside? aside
---@return Target? kept whose turn it is
local function ask_hedged(call, request, plan, target, aside, order)
  local delay = order and hedge.delay(plan.hedge, request, target, plan.routes[target])
  if not delay then return ask(call, request, plan, target, aside) end
  local supply = setmetatable({ order = order, aside = aside }, Supply)
  move_on(request, target)
  local ended = hedge.run(call, request, plan, target, plan.hedge, delay, supply)
  local over
  aside = supply.aside
  for _, one in ipairs(ended) do
    over, aside = settle(call, request, one.target, aside, one.answered, one.failure, one.reason, one.wait_ms)
  end
  return over, aside, supply.kept
end

-- The rounds ---------------------------------------------------------------------------------------------------------

--- Through the strategy's order.
---@param asks Ask
---@return boolean? over
---@return Aside? aside
local function go_round(call, request, plan, order, asks)
  local over, kept
  local target, aside = next_free(order)
  while target do
    order:tried()
    over, aside, kept = asks(call, request, plan, target, aside, order)
    if over then return true end
    target = kept
    if not target then target, aside = next_free(order, aside) end
  end
  return false, aside
end

--- Those that were passed by, when nobody else has answered.
---@return boolean over
local function go_back(call, request, plan, aside, asks)
  for _, list in ipairs { aside.busy, aside.throttled } do
    for _, target in ipairs(list) do
      if asks(call, request, plan, target, aside) then return true end
    end
  end
  return false
end

---@alias Ask fun(call: table, request: Request, plan: Plan, target: Target, aside: Aside?, order: Routing?): boolean?,
--- Aside?, Target? asks one target; true when nobody else is to be asked; who was taken from the order and not asked

--- Goes through a strategy's order, and then to those that were passed by.
---@param order Routing
---@param asks Ask
---@return boolean? over
---@return Aside? aside who was passed by
function walk.through(call, request, plan, order, asks)
  local over, aside = go_round(call, request, plan, order, asks)
  if not over and aside then over = go_back(call, request, plan, aside, asks) end
  return over, aside
end

--- Nobody could be asked: because they are down, or because the strategy has nobody for this request.
local function nobody(request, aside)
  if not aside or not aside.down[1] then return errors.model_not_found end
  for _, target in ipairs(aside.down) do tries.skipped(target) end
  request.failed = aside.down[#aside.down]
  return errors.unavailable(aside.wait)
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
  streaming.await(call, request)
  local draws = shadow.is_over(registry.shadow, plan) and {} or nil
  local order = strategy.order(plan, call, request, nil, draws)
  if draws then shadow.chosen(call, request, order, draws) end
  local over, aside = walk.through(call, request, plan, order, plan.hedge and ask_hedged or ask)
  local failure = request.failure
  if over and not failure then return nil end
  failure = failure or nobody(request, aside)
  if request.failed then
    call:note_failure((order.named and NAMED or POOL):format(request.failed.name, cause_of(failure)))
  end
  return failure
end

return walk
