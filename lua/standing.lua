-- SPDX-License-Identifier: Apache-2.0
--- How the targets stand, as all workers have found out: for the probes, the admin API and the metrics. Nothing here
--- changes anything.

local cells = require "cells"
local clock = require "gateway.clock"
local credentials = require "credentials"
local health = require "gateway.health"
local metrics = require "gateway.metrics"

local standing = {}

local CIRCUITS = { [-1] = "closed", [0] = "closed", [1] = "open", [2] = "half-open" }
local WORSE = { [-1] = 0, [0] = 0, [1] = 2, [2] = 1 }

---@class ModelStanding
---@field model string
---@field circuit "closed"|"open"|"half-open"
---@field figures table? as the model's cell has them

---@class TargetStanding
---@field name string
---@field provider string
---@field available boolean its provider has what it needs
---@field circuit "closed"|"open"|"half-open" the worst of its models'
---@field state integer the same as a number: 0 closed, 1 open, 2 half-open
---@field shut boolean there is nothing that it could be asked for: every circuit is open
---@field unhealthy boolean checks say so
---@field checked boolean it is checked
---@field figures table of the target's own cell
---@field models ModelStanding[] that it was asked for
---@field credentials CredentialState[]

local states, own = {}, {} -- filled anew for each target

--- The circuits of a target's models, and whether all are open. The target's own counts where no model has one.
---@return integer worst as gateway_circuit_breaker_state has it (gateway-api 6.1)
---@return boolean shut
local function judge(target, models)
  own[1] = target.cell
  health.read(own, "circuit", states)
  local worst, open, count = states[1], 0, #models.cells
  local shut = count == 0 and worst == 1
  health.read(models.cells, "circuit", states)
  for i = 1, count do
    if WORSE[states[i]] > WORSE[worst] then worst = states[i] end
    if states[i] == 1 then open = open + 1 end
  end
  return math.max(worst, 0), shut or count > 0 and open == count
end

local function models_of(models, all)
  local list = {}
  for i, name in ipairs(models.names) do
    list[i] = { model = name, circuit = CIRCUITS[states[i]], figures = all and models.cells[i]:figures() or nil }
  end
  return list
end

local NO_MODELS = { names = {}, cells = {} }

--- How one target stands.
---@param target Target
---@param all boolean? also the models of a target without a breaker, and the figures of models
---@return TargetStanding
function standing.of(target, all)
  local figures, models = target.cell:figures(), (all or target.breaker) and cells.models(target) or NO_MODELS
  local state, shut = judge(target, models)
  return {
    name = target.name, provider = target.provider.name, available = target.available, circuit = CIRCUITS[state],
    state = state, shut = shut, unhealthy = figures.unhealthy == true, checked = target.check ~= nil,
    figures = figures, models = models_of(models, all), credentials = credentials.states(target),
    priority = target.priority, weight = target.weight,
    max_concurrency = target.concurrency and target.concurrency.max,
  }
end

local STRETCH = 400 -- cells that are looked at before requests have their turn

--- Calls `see` with how each target stands. Waits now and then: there may be hundreds, with as many models.
local function each(targets, all, see)
  local count = 0
  for _, target in ipairs(targets) do
    local stands = standing.of(target, all)
    see(target, stands)
    count = count + 1 + #stands.models
    if count >= STRETCH then
      clock.sleep(1)
      count = 0
    end
  end
end

--- All of them, in their order. May wait.
---@param targets Target[]
---@param all boolean? as `of` has it
---@return TargetStanding[]
function standing.list(targets, all)
  local list = {}
  each(targets, all, function(_, stands) list[#list + 1] = stands end)
  return list
end

-- Gauges -------------------------------------------------------------------------------------------------------------

local function set(name, value, ...)
  metrics.series(name, ...):set(value)
end

local function show(target, stands)
  if target.breaker then set("gateway_circuit_breaker_state", stands.state, target.name) end
  set("gateway_target_in_flight", stands.figures.in_flight or 0, target.name)
  if target.concurrency then set("gateway_target_queued", stands.figures.queued or 0, target.name) end
  if target.check then set("gateway_target_up", stands.unhealthy and 0 or 1, target.name) end
  for _, credential in ipairs(target.several and stands.credentials or {}) do
    set("gateway_credential_disabled", credential.state == "disabled" and 1 or 0, target.name,
      tostring(credential.index))
  end
end

--- Brings the gauges of the targets up to date: they are read when somebody asks for them, and those of targets that
--- there are no more are left out then (gateway.metrics). May wait.
---@param targets Target[]
function standing.publish(targets)
  each(targets, false, show)
end

return standing
