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

--- Asks one target. True when nobody else is to be asked; `request.failure` says why, unless it has answered.
---@param aside Aside?
---@return boolean? over
---@return Aside? aside
local function ask(call, request, plan, target, aside)
  if request.failure then
    request.moved = true
    metrics.series("gateway_failovers_total", target.name):add(1)
  end
  local answered, failure, reason, wait_ms = tries.run(call, request, plan, target)
  if answered then
    request.failure = nil
    return true, aside
  end
  if not failure and is_down(reason) then return false, put_aside(aside, target, reason, wait_ms) end
  request.failure, request.failed = failure or tries.saturated(call, target), target
  return request.failure.final or call:drained(), aside -- for a client that has left nobody else is asked
end

--- What keeps a target from being asked now. One that the strategy names is asked although it is slow.
local function hindrance(order, target)
  local reason, wait_ms = order.plan.routes[target].cell:look()
  if reason and order.pool.named and not is_down(reason) then return nil end
  return reason, wait_ms
end

--- Through the strategy's order.
---@param asks Ask
---@return boolean? over
---@return Aside? aside
local function go_round(call, request, plan, order, asks)
  local aside, over
  local target = order:next()
  while target do
    local reason, wait_ms = hindrance(order, target)
    if reason then
      aside = put_aside(aside, target, reason, wait_ms)
    else
      order:tried()
      over, aside = asks(call, request, plan, target, aside)
      if over then return true end
    end
    target = order:next()
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

---@alias Ask fun(call: table, request: Request, plan: Plan, target: Target, aside: Aside?): boolean?, Aside? asks one
--- target; true when nobody else is to be asked

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
  local over, aside = walk.through(call, request, plan, order, ask)
  local failure = request.failure
  if over and not failure then return nil end
  failure = failure or nobody(request, aside)
  if request.failed then
    call:note_failure((order.named and NAMED or POOL):format(request.failed.name, cause_of(failure)))
  end
  return failure
end

return walk
