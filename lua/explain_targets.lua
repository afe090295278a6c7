-- SPDX-License-Identifier: Apache-2.0
--- One target as lua/explain.lua shows it: its place, why it has it, and all the figures that count.

local cost = require "cost"
local credentials = require "credentials"
local hedge = require "hedge"
local json = require "gateway.json"
local registry = require "registry"

local explain_targets = {}

local function or_null(value)
  if value == nil then return json.null end
  return value
end

local function rounded(number)
  return number and math.floor(number * 100 + 0.5) / 100 or json.null
end

-- Why somebody is not asked ------------------------------------------------------------------------------------------

local function has(list, value)
  for _, other in ipairs(list) do
    if other == value then return true end
  end
  return false
end

--- Why a target is in no place, unless it is only passed by for now.
local function left_out(target, subject)
  if not target.available then return "it cannot be used: " .. target.missing .. " is missing" end
  if not has(subject.owners, target) then return "it does not have the model" end
  if not subject.plan.routes[target] then return "it does not serve the endpoint" end
  if subject.places[target] or subject.down[target] then return nil end
  return subject.notes[target] or subject.named and "the strategy names another one" or "the strategy leaves it out"
end

-- Figures ------------------------------------------------------------------------------------------------------------

local COUNTS = { usable = "usable", disabled = "disabled", throttled = "throttled" }

local function credentials_of(target)
  local counts = { total = 0, usable = 0, disabled = 0, throttled = 0 }
  for _, credential in ipairs(credentials.states(target)) do
    local name = COUNTS[credential.state]
    counts.total, counts[name] = counts.total + 1, counts[name] + 1
  end
  return counts
end

local FIGURES = {
  "in_flight", "queued", "failures", "samples", "latency_ms", "p95_ms", "first_token_ms", "age_ms", "throttled_ms",
  "remaining_requests", "remaining_tokens", "limit_requests", "limit_tokens", "reset_ms",
}

local function figures_of(cell)
  local figures = cell:figures()
  local shown = { circuit = or_null(figures.circuit), unhealthy = figures.unhealthy == true }
  for _, name in ipairs(FIGURES) do shown[name] = rounded(figures[name]) end
  return shown
end

local TIMEOUTS = { "connect", "first_byte", "idle", "total" }

local function timeouts_of(target)
  local settings, shown = registry.config().settings, {}
  for _, name in ipairs(TIMEOUTS) do
    shown[name .. "_ms"] = or_null((target.timeouts or {})[name] or settings["upstream_" .. name .. "_ms"])
  end
  return shown
end

local function sorted(set)
  local list = json.array {}
  for value in pairs(set) do list[#list + 1] = value end
  table.sort(list)
  return list
end

local function retry_of(target)
  local policy = target.retry
  return {
    attempts = policy.attempts, initial_backoff_ms = policy.initial_backoff_ms,
    on_status_codes = policy.on_status_codes and sorted(policy.on_status_codes) or json.null,
    retry_ambiguous = policy.retry_ambiguous == true,
  }
end

--- What the prompt, and an answer as long as it may be, would cost.
local function cost_of(route, subject)
  local price, request = route.price, subject.request
  local micro = price and cost.expected(price, subject.tokens, subject.max_tokens or 0, request.images,
    request.characters)
  return micro and micro / 1e6 or json.null
end

--- After how long another target would be asked beside this one; null where nobody would be.
local function hedge_of(target, route, subject)
  local conf, chain = subject.plan.hedge, registry.chain
  local request = { surface = subject.request.surface, stream = subject.request.stream }
  if chain then request.visit = { chain = chain } end
  local after = conf and hedge.delay(conf, request, target, route)
  return after and { after_ms = rounded(after), max = conf.max } or json.null
end

--- Beside what every target has: what it would be asked with.
local function add_route(shown, target, subject)
  local route = subject.plan.routes[target]
  local reason, for_ms = route.cell:look()
  shown.upstream_model, shown.figures, shown.cost_usd = route.model, figures_of(route.cell), cost_of(route, subject)
  shown.hedge = hedge_of(target, route, subject)
  shown.passed_by = reason and { reason = reason, for_ms = rounded(for_ms) } or json.null
end

---@class ExplainSubject what is explained
---@field request Request
---@field owners Target[] who has the model
---@field plan Plan?
---@field notes table<table, string> what strategies said of targets
---@field places table<Target, integer> in which turn each would be asked
---@field down table<Target, true> who is passed by until it is well again
---@field named boolean? nobody behind the first of the strategy's order would be asked
---@field tokens integer
---@field max_tokens integer?

--- One target. Nothing is counted.
---@param target Target
---@param subject ExplainSubject
---@return table
function explain_targets.shown(target, subject)
  local shown = {
    target = target.name, provider = target.provider.name, place = or_null(subject.places[target]),
    note = or_null(subject.notes[target]),
    left_out = or_null(left_out(target, subject)), weight = target.weight, priority = target.priority,
    credentials = credentials_of(target), retry = retry_of(target), timeouts = timeouts_of(target),
    concurrency = target.concurrency or json.null, circuit_breaker = target.breaker or json.null,
  }
  if subject.plan and subject.plan.routes[target] then add_route(shown, target, subject) end
  return shown
end

return explain_targets
