-- SPDX-License-Identifier: Apache-2.0
--- What this generation knows: providers, dialects, strategies (scripts) and targets, aliases (configuration), joined
--- once when it is built. A request only looks up.

local capabilities = require "capabilities"
local catalog = require "catalog"
local chain = require "chain"
local discovery = require "discovery"
local dry = require "dry"
local events = require "events"
local faces = require "faces"
local gateway = require "gateway.config"
local health = require "gateway.health"
local health_check = require "health_check"
local log = require "gateway.log"
local ownership = require "ownership"
local policy = require "policy"
local routes = require "routes"
local script = require "gateway.script"
local shadow = require "shadow"
local strategy = require "strategy"
local surfaces = require "surfaces"
local targets = require "targets"

local registry = {}

local state

-- Configuration ------------------------------------------------------------------------------------------------------

--- Joins scripts and configuration. Nothing is asked of a network.
---@return true? built
---@return string? message
function registry.build(scanned, config)
  local list, message = targets.build(scanned, config, gateway.variable, gateway.read)
  if not list then return nil, message end
  state = { config = config, targets = list, plans = {}, planned = 0, routed = 0, known = #script.list "providers" }
  state.strategies, message = strategy.build(config, list, scanned.strategies)
  if not state.strategies then return nil, message end
  state.hedge = policy.hedge(config.strategy, state.strategies.strategy.named)
  local listeners
  registry.chain, message, listeners = chain.build(config.plugins, scanned.plugins)
  if registry.chain == nil then return nil, message end
  registry.shadow, message = shadow.build(config.scripts.shadow, scanned, registry.chain)
  if registry.shadow == nil then return nil, message end
  dry.build(registry.chain)
  events.build(config.events.webhooks, listeners)
  registry.surfaces = faces.surfaces(scanned.dialects)
  for name, surface in pairs(surfaces) do registry.surfaces[name] = registry.surfaces[name] or surface end
  registry.provider_field = config.compatibility.provider_field
  registry.request_timeout = config.request_timeout
  discovery.open(config.discovery, list, registry.forget)
  health_check.open(list)
  health.budget(config.retry_budget.ratio, config.retry_budget.min_per_second)
  registry.on_unsupported_param = config.compatibility.on_unsupported_param
  faces.on_unsupported_param = registry.on_unsupported_param
  return true
end

-- Requests -----------------------------------------------------------------------------------------------------------

local PLANS_KEPT = 2000
local ROUTES_KEPT = 20000 -- of all plans: with hundreds of targets a plan is not small

---@class Plan which targets may serve a model, and under which name
---@field name string after aliases, as a client may write it
---@field model string the same without a provider's prefix
---@field surface Surface
---@field targets table[] those that have the surface
---@field known boolean false: the model is asked of whoever takes any name
---@field routes table<table, Route> by target
---@field owner string the provider of the first that has the model, whatever it can do
---@field pool Pool? what the strategy orders: nil when nobody serves it

local function plan_make(requested, surface)
  local model = state.config.aliases[requested] or requested
  local owners, name, known = ownership.find(state.targets, model)
  if #owners == 0 then return false end
  local plan = { name = model, model = name, known = known, owner = owners[1].provider.name, surface = surface }
  plan.targets, plan.routes = routes.build(owners, name, requested, surface)
  plan.pool = strategy.pool(state.strategies, plan)
  plan.hedge = state.hedge
  return plan
end

--- What is known of models has changed: plans are made anew.
function registry.forget()
  state.plans, state.planned, state.routed = {}, 0, 0
end

--- The plan for a model as the client names it; nil when nobody serves it. Remembered per name and endpoint.
---@param requested string
---@param surface Surface
---@return Plan?
function registry.plan(requested, surface)
  local plans = state.plans[surface.endpoint]
  if not plans then
    plans = {}
    state.plans[surface.endpoint] = plans
  end
  local plan = plans[requested]
  if (not plan or not plan.known) and discovery.look() then return registry.plan(requested, surface) end
  if plan == nil then
    if state.planned >= PLANS_KEPT or state.routed >= ROUTES_KEPT then
      plans, state.planned, state.routed = {}, 0, 0
      state.plans = { [surface.endpoint] = plans }
    end
    plan = plan_make(requested, surface)
    plans[requested], state.planned = plan, state.planned + 1
    state.routed = state.routed + (plan and #plan.targets or 0)
  end
  return plan or nil
end

--- Who has a model, whatever surface; and its name there, after aliases and without a provider's prefix.
---@param requested string
---@return Target[] owners
---@return string model
function registry.owners(requested)
  return ownership.find(state.targets, state.config.aliases[requested] or requested)
end

---@return Config
function registry.config()
  return state.config
end

--- What the shadow found, for the admin API; nil without one.
function registry.shadow_report()
  return shadow.report(registry.shadow)
end

--- The root of the generation's strategies.
---@return StrategyNode
function registry.strategies()
  return state.strategies
end

-- What others may see ------------------------------------------------------------------------------------------------

function registry.targets()
  return state.targets
end

function registry.models()
  discovery.look()
  return ownership.list(state.targets, state.config.aliases, catalog.models)
end

--- What the catalog says of a model in that list: nil when nothing.
---@param listed Listed
---@param today string "2026-01-31"
function registry.about(listed, today)
  local row = catalog.of(listed.target, listed.model)
  return row and catalog.described(row, today)
end

--- What GET /v1/capabilities shows.
function registry.capabilities()
  return capabilities.list(state.targets)
end

--- The provider of a model that there is, as far as this gateway knows.
---@return string? provider
---@return Listed? listed as a list of models would
function registry.owner(model)
  discovery.look()
  local owners, name, is_known = ownership.find(state.targets, state.config.aliases[model] or model)
  local target = owners[1]
  if not target or not is_known then return nil end
  local owner = target.provider.name
  return owner, { id = model, owned_by = owner, target = target, model = target.model_map[name] or name }
end

--- Providers named by a target, with what they lack.
function registry.providers()
  local list, seen = {}, {}
  for _, target in ipairs(state.targets) do
    local name = target.provider.name
    if not seen[name] then
      seen[name] = {
        name = name, available = target.available, models = ownership.count(target), missing = target.missing,
      }
      list[#list + 1] = seen[name]
    elseif target.available then
      seen[name].available, seen[name].missing = true, nil
    end
  end
  return list
end

--- Nobody's credential was found, so the demo answers alone.
local function is_demo()
  return state.config.targets == "auto" and state.targets[1].provider.name == "demo"
end

local NO_CREDENTIAL = "no provider's credential is in the environment: only the demo answers"

--- "GROQ_API_KEY is not set" of a variable, "it has no api_key" of a key of the configuration.
local function lack_of(target)
  if target.missing:find "^%u" then return target.missing .. " is not set" end
  return "it has no " .. target.missing
end

--- For `moongate check` and whoever starts the program: that all is well, and a line for each thing to know.
function registry.summary()
  local usable, lines = 0, {}
  for _, target in ipairs(state.targets) do
    if target.available then
      usable = usable + 1
    else
      lines[#lines + 1] = ("target %q cannot be used: %s"):format(target.name, lack_of(target))
    end
  end
  if is_demo() then lines[#lines + 1] = NO_CREDENTIAL end
  for _, warning in ipairs(state.config.warnings) do lines[#lines + 1] = "warning: " .. warning end
  table.insert(lines, 1, ("configuration is valid: strategy %s, %d of %d targets usable, %d providers known"):format(
    state.config.strategy.mode, usable, #state.targets, state.known))
  return table.concat(lines, "\n")
end

--- Says in the log what an operator should know of this configuration.
function registry.announce()
  for _, warning in ipairs(state.config.warnings) do log.warn("configuration", { warning = warning }) end
  if is_demo() then log.warn("configuration", { warning = NO_CREDENTIAL }) end
  for _, target in ipairs(state.targets) do
    if not target.available then
      log.warn("target has no credential", {
        target = target.name, provider = target.provider.name, missing = target.missing,
      })
    end
  end
end

return registry
