-- SPDX-License-Identifier: Apache-2.0
--- The life of one request, from its body to its answer:
---   read and check -> resolve the alias and the model's owners -> ask the plugins -> order the targets -> walk them,
---   each with its retries -> deliver (the plugins look at the answer), or say what went wrong (they look at that).
--- A target may be left for the next one until the first content has gone to the client: that is the commit point.

local attempt = require "attempt"
local delivery = require "delivery"
local errors = require "errors"
local faces = require "faces"
local forms = require "forms"
local log = require "gateway.log"
local metrics = require "gateway.metrics"
local passage = require "passage"
local registry = require "registry"
local responses = require "responses"
local retry = require "retry"
local shadow = require "shadow"
local strategy = require "strategy"
local streaming = require "streaming"
local upstream = require "gateway.upstream"

local LONGEST_RETRY_AFTER = 86400 -- seconds; more is nonsense or an attack (gateway-api 2.2)

--- What the client may see of the upstream's head, with Retry-After in whole seconds.
local function headers_of(failure)
  local headers = {}
  for name, value in pairs(failure.headers or {}) do
    if name:lower() ~= "retry-after" then headers[name] = value end
  end
  local seconds = failure.retry_after
  if not seconds and failure.status == 429 then seconds = 1 end
  if failure.code == "insufficient_quota" then headers["X-Should-Retry"] = "false" end
  if seconds then headers["Retry-After"] = ("%d"):format(math.min(math.ceil(seconds), LONGEST_RETRY_AFTER)) end
  return headers
end

--- Answers with a failure, as the client's dialect shows errors.
local function refuse(call, request, failure)
  if request.visit then failure = passage.failed(request.visit, failure) end
  call:note_error(failure.plugin and failure.error_type, failure.code)
  if failure.rejected then call:note_rejected() end
  if call:begun() then return streaming.refuse(call, request, failure) end
  if request.surface.face then return faces.refuse(call, request, failure, headers_of(failure)) end
  call:refuse(failure.status, failure.type, failure.code, failure.message, failure.param, headers_of(failure))
end

--- Every failed try counts for its provider, also when the next target hides it from the client.
local function count(call, target, failure)
  log.warn("upstream call failed", {
    trace_id = call:trace_id(), target = target.name, provider = target.provider.name, code = failure.code,
    status = failure.upstream_status, error = failure.detail,
  })
  if not failure.error_type then return end
  metrics.series("gateway_provider_errors_total", target.provider.name, failure.error_type):add(1)
end

local function abandon(call, target, failure)
  log.info("abandoning target: Retry-After exceeds the cap", {
    trace_id = call:trace_id(), target = target.name, retry_after = failure.retry_after,
  })
end

--- One target with its retries. Returns true when the client has been answered, else why not.
---@return true? answered
---@return Failure? failure
local function try_target(call, request, plan, target)
  local failure
  for number = 1, target.retry.attempts do
    if number > 1 then
      local pause = retry.pause(target.retry, number, failure)
      if not pause then
        abandon(call, target, failure)
        break
      end
      metrics.series("gateway_retries_total", target.name):add(1)
      log.info("retrying target", { trace_id = call:trace_id(), target = target.name, attempt = number })
      upstream.sleep(call, pause)
      if call:drained() then break end
    end
    local route = plan.routes[target]
    call:note_route(request.model, plan.model, target.provider.name, target.name, route.textual, route.price_in,
      route.price_out)
    request.route = route
    if request.visit then request.visit.target = target end
    local answered
    answered, failure = attempt.run(call, request, target, route)
    if answered then return true end
    if failure.plugin then return nil, failure end
    count(call, target, failure)
    if call:drained() then break end -- the client has left: nobody else is asked for it
    if not retry.worthwhile(target.retry, failure) then break end
  end
  return nil, failure
end

--- Walks the targets in the strategy's order. The last failure is the one the client sees; a failure that every target
--- would repeat ends the walk.
local function walk(call, request, plan)
  local failure = errors.model_not_found
  streaming.await(call, request)
  local order = strategy.order(plan, call, request)
  if registry.shadow and registry.shadow.choose then shadow.chosen(call, request, order) end
  local target = order:next()
  while target do
    order:tried()
    local answered
    answered, failure = try_target(call, request, plan, target)
    if answered then return end
    target = not failure.final and not call:drained() and order:next() or nil
    request.moved = true
    if target then metrics.series("gateway_failovers_total", target.name):add(1) end
  end
  refuse(call, request, failure)
end

local function reread(call, request, body)
  if request.form then return forms.reread(request, body) end
  return request.surface.read(call, request.surface)
end

--- Asks the plugins. What they made of the body is read like any other, and may be for another model.
---@return Plan? plan
---@return Failure? failure neither: the client has been answered
local function ask_plugins(call, request, plan)
  local failure, answer = passage.before(request.visit)
  if failure then return nil, failure end
  if answer then
    if answer.provider then call:note_route(request.model, request.visit.model, answer.provider) end
    return nil, select(2, delivery.given(call, request, answer))
  end
  local body = passage.apply(request.visit)
  if body then
    local changed, problem = reread(call, request, body)
    if not changed then return nil, passage.broken(request.visit, problem) end
    for name, value in pairs(changed) do request[name] = value end
    plan = registry.plan(request.model, request.surface)
    request.visit.model = plan and plan.model
  end
  return plan, not plan and errors.model_not_found or nil
end

--- Who may serve a request: nobody is asked, and no plugin runs, for a model that there is not.
---@return Plan? plan
---@return Failure? failure neither: the client has been answered
local function admit(call, request)
  local plan, visit = registry.plan(request.model, request.surface), request.visit
  if plan and not visit then return plan end
  call:note_route(request.model, plan and plan.model)
  if not plan and not (visit and visit.chain.may_route) then return nil, errors.model_not_found end
  visit.model = plan and plan.model
  local first = plan and plan.targets[1]
  visit.price = first and plan.routes[first].price
  return ask_plugins(call, request, plan)
end

--- A conversation that goes on where it is kept: what was said, or who has it.
---@return Failure? failure
local function continue(call, request)
  if request.surface.endpoint ~= "responses" then return nil end
  local failure
  request.history, request.pinned, failure = responses.continued(call, request.facts.previous,
    request.surface.face.raw_keys or {})
  return failure
end

--- The one target that has the conversation, if it may serve the model.
local function pin(request, plan)
  if not request.pinned then return plan end
  for _, target in ipairs(plan.targets) do
    if target.name == request.pinned then
      return { model = plan.model, targets = { target }, routes = plan.routes, owner = plan.owner, known = plan.known }
    end
  end
  return plan
end

local function serve(call, request, read, failure)
  local plan
  request.visit = passage.open(registry.chain, call, request)
  if read then failure = continue(call, request) end
  if read and not failure then plan, failure = admit(call, request) end
  if plan and #plan.targets == 0 then
    plan, failure = nil, errors.unsupported_endpoint(plan.owner, request.surface.endpoint)
  end
  if plan then return walk(call, request, pin(request, plan)) end
  if failure then return refuse(call, request, failure) end
end

local pipeline = {}

--- Serves one request of a surface. Returns when the answer is complete.
---@param call table
---@param surface Surface
function pipeline.serve(call, surface)
  if registry.request_timeout then call:deadline(registry.request_timeout) end
  local read, failure = surface.read(call, surface)
  local request = read or {}
  request.surface = surface
  serve(call, request, read, failure)
  if registry.shadow then shadow.release(registry.shadow, request) end
end

return pipeline
