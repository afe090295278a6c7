-- SPDX-License-Identifier: Apache-2.0
--- One target of the walk: as many tries as its policy allows, each of them counted by the target's breaker and among
--- those that it may have at a time (gateway-api 3.5: retry around breaker around concurrency).

local attempt = require "attempt"
local circuit = require "circuit"
local clock = require "gateway.clock"
local credentials = require "credentials"
local errors = require "errors"
local health = require "gateway.health"
local log = require "gateway.log"
local metrics = require "gateway.metrics"
local retry = require "retry"
local upstream = require "gateway.upstream"

local tries = { sleep = upstream.sleep, spend = health.spend, enter = health.enter, leave = health.leave }

-- What is said and counted -------------------------------------------------------------------------------------------

local function count_error(target, error_type)
  if error_type then metrics.series("gateway_provider_errors_total", target.provider.name, error_type):add(1) end
end

--- Every failed try counts for its provider, also when the next target hides it from the client.
local function count(call, target, failure)
  log.warn("upstream call failed", {
    trace_id = call:trace_id(), target = target.name, provider = target.provider.name, code = failure.code,
    status = failure.upstream_status, error = failure.detail,
  })
  count_error(target, failure.error_type)
  credentials.refused(target, failure)
end

local function abandon(call, target, failure, why)
  log.info("abandoning target: " .. why, {
    trace_id = call:trace_id(), target = target.name, retry_after = failure.retry_after,
  })
end

-- Between two tries --------------------------------------------------------------------------------------------------

--- Whether a pause would end when nobody waits for the answer any more.
local function is_late(request, pause)
  return request.deadline_at ~= nil and clock.monotonic() + pause >= request.deadline_at
end

--- Retries may only be a share of all requests: an upstream that is down gets no more than that on top.
local function is_refused(target)
  if tries.spend() then return false end
  metrics.series("gateway_retries_refused_total", target.name):add(1)
  return true
end

--- The pause before the next try, in milliseconds; nil when there is none, or none that is worth it, or nobody left to
--- make it for.
local function pause_of(call, request, target, number, failure)
  local policy = target.retry
  if number >= policy.attempts or not retry.worthwhile(policy, number, failure) or call:drained() then return nil end
  if request.worked == target and not policy.retry_ambiguous then return nil end
  local pause = retry.pause(policy, number, failure)
  if not pause then return abandon(call, target, failure, "Retry-After exceeds the cap") end
  if is_late(request, pause) then return abandon(call, target, failure, "the pause outlasts the deadline") end
  if is_refused(target) then return abandon(call, target, failure, "the retry budget is spent") end
  return pause
end

local function again(call, target, number, pause)
  metrics.series("gateway_retries_total", target.name):add(1)
  log.info("retrying target", { trace_id = call:trace_id(), target = target.name, attempt = number })
  tries.sleep(call, pause)
end

-- One try ------------------------------------------------------------------------------------------------------------

--- What the breaker learns of a try: of a stream at its end.
local function leave(call, request, target, route, failure)
  local verdict, wait_ms = "ok", nil
  request.inside = nil
  if failure then
    verdict, wait_ms = retry.verdict(failure), retry.asked_ms(failure)
  end
  local event = tries.leave(route.cell, call, verdict, wait_ms)
  if event then circuit.changed(event, target, route.model) end
end

--- A target takes over from one that has failed.
---@param request Request
function tries.moved(request, target)
  request.moved = true
  metrics.series("gateway_failovers_total", target.name):add(1)
end

--- Tries one target. What it is refused at the door is no try.
---@param call table
---@param request Request
---@param plan Plan
---@param target Target
---@param soon boolean only if it need not be waited for
---@return true? answered
---@return Failure? failure nil: it was not asked, for
---@return string? reason "open", "unhealthy", "saturated"; with `soon` also "busy", "throttled"
---@return number? wait_ms until it may be asked
function tries.run(call, request, plan, target, soon)
  local route, number, failure = plan.routes[target], 0, nil
  repeat
    local entered, state, more = tries.enter(route.cell, call, soon and number == 0)
    if not entered then return nil, failure, state, more end
    request.inside = route.cell
    if more then circuit.changed(more, target, route.model) end
    if number == 0 and request.failure then tries.moved(request, target) end
    call:note_route(request.model, plan.model, target.provider.name, target.name, route.textual, route.price_in,
      route.price_out)
    request.route = route
    if request.visit then request.visit.target = target end
    local answered
    answered, failure = attempt.run(call, request, target, route)
    leave(call, request, target, route, failure)
    if answered then
      if request.failure then request.failure = nil end
      return true
    end
    if not failure.plugin then count(call, target, failure) end
    number = number + 1
    local pause = pause_of(call, request, target, number, failure)
    if pause then again(call, target, number + 1, pause) end
  until not pause or call:drained()
  return nil, failure
end

--- The failure of a target that was not asked because of its limit, counted.
---@return Failure
function tries.saturated(call, target)
  count(call, target, errors.saturated)
  return errors.saturated
end

--- Counts a target that was not asked because its circuit is open.
function tries.skipped(target)
  count_error(target, "circuit_open")
end

return tries
