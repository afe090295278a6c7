-- SPDX-License-Identifier: Apache-2.0
--- What would happen to a request, and why: who would be asked, in which order, with which figures, and who not. Found
--- by the same functions that serve requests; nobody is asked and nothing is counted.

local aside = require "aside"
local call_door = require "gateway.call"
local draws = require "explain_draws"
local dry = require "dry"
local errors = require "errors"
local explain_targets = require "explain_targets"
local json = require "gateway.json"
local pipeline = require "pipeline"
local registry = require "registry"
local responses = require "responses"
local routing_texts = require "routing_texts"
local strategy = require "strategy"
local stretch = require "stretch"
local walk = require "walk"

local explain = {}

-- The request --------------------------------------------------------------------------------------------------------

local function surface_of(endpoint)
  for _, surface in pairs(registry.surfaces) do
    if surface.endpoint == endpoint then return surface end
  end
end

local function unknown_endpoint(endpoint)
  return errors.invalid(("there is no endpoint %q whose requests are routed"):format(endpoint), "endpoint")
end

--- A request that is only described.
---@return Request? request
---@return Failure? failure
local function described(call, asked)
  local surface = surface_of(asked.endpoint)
  if not surface then return nil, unknown_endpoint(asked.endpoint) end
  assert(call:replace(json.encode { model = asked.model, stream = asked.stream }))
  return { model = asked.model, stream = asked.stream, surface = surface }
end

--- A request that is there: the body of the surface, which is the call's now.
local function written(call, endpoint)
  local surface = surface_of(endpoint)
  if not surface or surface.endpoint:find "^gemini" then return nil, unknown_endpoint(endpoint) end
  local request, failure = surface.read(call, surface)
  if not request then return nil, failure end
  request.surface = surface
  return request
end

-- Plugins ------------------------------------------------------------------------------------------------------------

local function names_of(steps)
  local names = json.array {}
  for i, step in ipairs(steps or {}) do names[i] = step.name end
  return names
end

local function plugins_shown(run)
  local chain = registry.chain or {}
  return {
    before_request = json.array(run and run.decisions or {}), after_request = names_of(chain.after_request),
    on_chunk = names_of(chain.on_chunk), on_error = names_of(chain.on_error),
  }
end

--- Asks them, and takes over what they would make of the body.
---@return DryRun? run nil: there is none to ask
---@return Plan? plan
local function ask_plugins(call, request, plan)
  local chain = registry.chain
  local steps = chain and chain.before_request
  if not steps or not plan and not chain.may_route then return nil, plan end
  local first = plan and plan.targets[1]
  local run = dry.before(steps, call, {
    model = plan and plan.model or request.model, endpoint = request.surface.endpoint, stream = request.stream,
    price = first and plan.routes[first].price,
  })
  if not run.text or run.failure then return run, plan end
  assert(call:replace(run.text))
  local changed, failure = request.surface.read(call, request.surface)
  run.failure = failure and errors.plugin or nil
  for name, value in pairs(changed or {}) do request[name] = value end
  return run, registry.plan(request.model, request.surface)
end

-- The order ----------------------------------------------------------------------------------------------------------

--- As lua/pipeline.lua does for conversations that one target has.
local function pinned(call, request, plan)
  local facts = request.facts
  if request.surface.endpoint ~= "responses" or not facts or not facts.previous then return plan end
  local _, name, failure = responses.continued(call, facts.previous, request.surface.face.raw_keys or {})
  if failure then return nil, failure end
  return pipeline.pin(plan, name)
end

local UNANSWERED = {} -- stands for a failure after which the next one is asked

--- Everybody who would be asked, were everybody to fail, in their order; and who is down.
local function sequence(call, request, plan, notes)
  local asked = {}
  local order = strategy.order(plan, call, request, notes)
  local _, passed = walk.through(call, request, plan, order, function(_, _, _, target, soon)
    local reason, wait_ms = aside.hindrance(plan, target, soon)
    if reason then return nil, nil, reason, wait_ms end
    asked[#asked + 1] = target
    return nil, UNANSWERED
  end)
  return asked, passed, order
end

--- What the client would read if nobody is there to be asked.
local function failure_of(passed)
  if passed and passed.down[1] then return errors.unavailable(passed.wait) end
  return errors.model_not_found
end

local function target_names(list)
  local names = json.array {}
  for i, target in ipairs(list) do names[i] = target.name end
  return names
end

--- What strategies said of groups, by their names.
local function group_notes(notes)
  local list = {}
  for member, text in pairs(notes) do
    if member.leaves then list[member.name] = text end
  end
  return list
end

---@param notes table<string, string> of groups
local function tree_of(node, notes)
  local shown = {
    mode = node.mode, named = node.strategy.named == true, group = node.name ~= "" and node.name or nil,
    note = notes[node.name], weight = node.name ~= "" and node.weight or nil, members = json.array {},
  }
  for i, member in ipairs(node.members) do
    shown.members[i] = member.members and tree_of(member, notes) or member.name
  end
  return shown
end

-- The answer ---------------------------------------------------------------------------------------------------------

local function answer_shown(run, failure)
  failure = run and run.failure or failure
  if failure then
    return { status = failure.status, code = failure.code, message = failure.message, plugin = failure.plugin,
      retry_after = failure.retry_after }
  end
  if run and run.answer then return { status = run.answer.status, plugin = run.decisions[#run.decisions].plugin } end
  return json.null
end

local function outcome_of(run, asked, failure)
  local stopped = run and (run.failure or run.answer) or failure
  return {
    first = not stopped and asked[1] and asked[1].name or json.null, asked = target_names(stopped and {} or asked),
    answer = answer_shown(run, failure), certain = not run or run.certain,
  }
end

local function model_shown(subject, requested)
  local plan, alias = subject.plan, registry.config().aliases[requested]
  return {
    requested = requested, alias_of = alias or json.null, name = plan and plan.model or json.null,
    known = plan and plan.known == true or false, owners = target_names(subject.owners),
  }
end

local function targets_shown(subject)
  local list = json.array {}
  for i, target in ipairs(registry.targets()) do
    list[i] = stretch.run(explain_targets.shown, target, subject)
  end
  return list
end

--- Goes through the plan as a request would.
---@return Target[] asked
---@return Failure? failure
---@return table? draw
---@return string? label
local function route(call, request, subject)
  local plan, failure = pinned(call, request, subject.plan)
  if failure then return {}, failure end
  if #plan.targets == 0 then return {}, errors.unsupported_endpoint(plan.owner, request.surface.endpoint) end
  local asked, passed, order = stretch.run(sequence, call, request, plan, subject.notes)
  for place, target in ipairs(asked) do subject.places[target] = place end
  for _, target in ipairs(passed and passed.down or {}) do subject.down[target] = true end
  subject.named = order.pool.named
  local draw = plan.pool and stretch.run(draws.of, call, request, plan) or nil
  return asked, not asked[1] and failure_of(passed) or nil, draw, order.label or nil
end

--- What the parts of the answer are about, once the plugins have had their say.
---@return ExplainSubject
local function subject_of(call, request, plan)
  local owners = registry.owners(request.model)
  return {
    request = request, plan = plan or nil, owners = owners, notes = {}, places = {}, down = {},
    tokens = (call:estimate()), max_tokens = routing_texts.max_tokens(call),
  }
end

local function request_shown(subject)
  local request = subject.request
  return {
    endpoint = request.surface.endpoint, model = request.model, stream = request.stream == true,
    tokens = subject.tokens, max_tokens = subject.max_tokens or json.null,
  }
end

local function explained(call, request)
  local requested = request.model
  local run, plan = ask_plugins(call, request, registry.plan(requested, request.surface))
  local subject = subject_of(call, request, plan)
  local asked, failure, draw, label = {}, errors.model_not_found, nil, nil
  if plan then asked, failure, draw, label = route(call, request, subject) end
  return {
    request = request_shown(subject), model = model_shown(subject, requested), plugins = plugins_shown(run),
    strategy = tree_of(registry.strategies(), group_notes(subject.notes)), draw = draw or json.null,
    variant = label or json.null, targets = targets_shown(subject), outcome = outcome_of(run, asked, failure),
  }
end

--- What would happen to a request of which only this is known.
---@param call table any call: its body is not looked at
---@param asked { model: string, endpoint: string, stream: boolean }
---@return table? explained
---@return Failure? failure
function explain.described(call, asked)
  local request, failure = described(call, asked)
  if not request then return nil, failure end
  return explained(call, request)
end

local NO_RULES = call_door.checks {}

--- What would happen to the request that is the call's body: a chat request, or { endpoint =, body = }.
---@return table? explained
---@return Failure? failure
function explain.written(call)
  local read, problem = call:scan(NO_RULES)
  if not read then return nil, errors.invalid("invalid request body: " .. problem) end
  local endpoint, body = call:get "endpoint", call:raw "body"
  if type(endpoint) == "string" and body then
    local replaced, why = call:replace(body)
    if not replaced then return nil, errors.invalid(why, "body") end
  else
    endpoint = "chat"
  end
  local request, failure = written(call, endpoint)
  if not request then return nil, failure end
  return explained(call, request)
end

return explain
