-- SPDX-License-Identifier: Apache-2.0
--- The life of one request, from its body to its answer:
---   read and check -> resolve the alias and the model's owners -> ask the plugins -> order the targets -> walk them,
---   each with its retries -> deliver (the plugins look at the answer), or say what went wrong (they look at that).
--- A target may be left for the next one until the first content has gone to the client: that is the commit point.

local clock = require "gateway.clock"
local delivery = require "delivery"
local errors = require "errors"
local forms = require "forms"
local passage = require "passage"
local refusal = require "refusal"
local registry = require "registry"
local responses = require "responses"
local shadow = require "shadow"
local walk = require "walk"

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
    local given, refused = delivery.given(call, request, answer)
    return nil, not given and refused or nil
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

local pipeline = {}

--- The one target that has the conversation, if it may serve the model.
---@param plan Plan
---@param name string? the target's
---@return Plan
function pipeline.pin(plan, name)
  for _, target in ipairs(name and plan.targets or {}) do
    if target.name == name then
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
  if plan then failure = walk.run(call, request, pipeline.pin(plan, request.pinned)) end
  if failure then refusal.send(call, request, failure) end
end

--- Serves one request of a surface. Returns when the answer is complete.
---@param call table
---@param surface Surface
function pipeline.serve(call, surface)
  local timeout = registry.request_timeout
  if timeout then call:deadline(timeout) end
  local read, failure = surface.read(call, surface)
  local request = read or {}
  request.surface, request.deadline_at = surface, timeout and clock.monotonic() + timeout
  if registry.shadow then shadow.hold(registry.shadow, call, request) end
  serve(call, request, read, failure)
  if registry.shadow then shadow.release(registry.shadow, request) end
end

return pipeline
