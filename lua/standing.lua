-- SPDX-License-Identifier: Apache-2.0
--- How the targets stand, as all workers have found out: for the probes, the admin API and the metrics. Nothing here
--- changes anything.

local cells = require "cells"
local credentials = require "credentials"
local metrics = require "gateway.metrics"
local shared = require "gateway.shared"

local standing = {}

local WORSE = { closed = 0, ["half-open"] = 1, open = 2 }
local STATE = { closed = 0, open = 1, ["half-open"] = 2 } -- gateway_circuit_breaker_state (gateway-api 6.1)

---@class ModelStanding
---@field model string
---@field circuit "closed"|"open"|"half-open"
---@field figures table as the model's cell has them

---@class TargetStanding
---@field name string
---@field provider string
---@field available boolean its provider has what it needs
---@field circuit "closed"|"open"|"half-open" the worst of its models'
---@field shut boolean there is nothing that it could be asked for: every circuit is open
---@field unhealthy boolean checks say so
---@field checked boolean it is checked
---@field figures table of the target's own cell
---@field models ModelStanding[] that it was asked for
---@field credentials CredentialState[]

local function circuit_of(figures)
  return figures.circuit or "closed"
end

local function models_of(target)
  local list = {}
  for i, model in ipairs(cells.models(target)) do
    local figures = model.cell:figures()
    list[i] = { model = model.name, circuit = circuit_of(figures), figures = figures }
  end
  return list
end

--- The worst circuit, and whether all are open. The target's own counts where no model has one, or where some share it.
local function judge(own, models)
  local worst, shut = circuit_of(own), #models == 0 and own.circuit == "open"
  local open = 0
  for _, model in ipairs(models) do
    if WORSE[model.circuit] > WORSE[worst] then worst = model.circuit end
    if model.circuit == "open" then open = open + 1 end
  end
  return worst, shut or #models > 0 and open == #models
end

--- How one target stands.
---@param target Target
---@return TargetStanding
function standing.of(target)
  local figures, models = target.cell:figures(), models_of(target)
  local circuit, shut = judge(figures, models)
  return {
    name = target.name, provider = target.provider.name, available = target.available, circuit = circuit, shut = shut,
    unhealthy = figures.unhealthy == true, checked = target.check ~= nil, figures = figures, models = models,
    credentials = credentials.states(target), priority = target.priority, weight = target.weight,
    max_concurrency = target.concurrency and target.concurrency.max,
  }
end

---@param targets Target[]
---@return TargetStanding[]
function standing.list(targets)
  local list = {}
  for i, target in ipairs(targets) do list[i] = standing.of(target) end
  return list
end

-- Gauges -------------------------------------------------------------------------------------------------------------

local function set(name, value, ...)
  metrics.series(name, ...):set(value)
end

local function show(target, stands)
  if target.breaker then set("gateway_circuit_breaker_state", STATE[stands.circuit], target.name) end
  set("gateway_target_in_flight", stands.figures.in_flight or 0, target.name)
  if target.concurrency then set("gateway_target_queued", stands.figures.queued or 0, target.name) end
  if target.check then set("gateway_target_up", stands.unhealthy and 0 or 1, target.name) end
  for _, credential in ipairs(target.several and stands.credentials or {}) do
    set("gateway_credential_disabled", credential.state == "disabled" and 1 or 0, target.name,
      tostring(credential.index))
  end
end

local GUARDED = "standing:guarded"

--- A gauge stays when its target goes: an open circuit that nobody has any more would be told for ever.
local function forget(targets)
  local names, list, known = {}, {}, shared.get(GUARDED) or ""
  for _, target in ipairs(targets) do
    if target.breaker then names[target.name], list[#list + 1] = true, target.name end
  end
  for name in known:gmatch "[^\n]+" do
    if not names[name] then set("gateway_circuit_breaker_state", 0, name) end
  end
  local text = table.concat(list, "\n")
  if text ~= known then shared.set(GUARDED, text) end
end

--- Brings the gauges of the targets up to date: they are read when somebody asks for them.
---@param targets Target[]
function standing.publish(targets)
  forget(targets)
  for _, target in ipairs(targets) do show(target, standing.of(target)) end
end

return standing
