-- SPDX-License-Identifier: Apache-2.0
--- From an endpoint's name (runtime/process/route.c) to who serves it: the pipeline, or a script of admin/.

local contracts = require "contracts"
local control = require "gateway.control"
local metrics = require "gateway.metrics"
local pipeline = require "pipeline"
local registry = require "registry"
local script = require "gateway.script"
local server = require "gateway.server"
local timestamp = require "timestamp"

--- What a handler of admin/ may ask: it reaches the house only through this.
---@class View
---@field targets fun(): table[]     every configured target with its state
---@field providers fun(): table[]   every provider with its state
---@field models fun(): table[]      what GET /v1/models lists
---@field owner fun(model: string): string? who would serve a model or alias
---@field draining fun(): boolean
---@field metrics fun(): string
---@field scripts table              generations: see bindings/control.h; shadow: what registry.shadow_report tells
---@field timestamp fun(seconds: number): string
local view = {
  targets = registry.targets,
  providers = registry.providers,
  models = registry.models,
  owner = registry.owner,
  draining = server.draining,
  scripts = {
    reload = control.reload, rollback = control.rollback, generations = control.generations, active = control.active,
    report = control.report, rejected = control.rejected, stats = control.stats, shadow = registry.shadow_report,
  },
  timestamp = timestamp.text,
  metrics = function()
    server.publish()
    return metrics.render()
  end,
}

local function bound(handler)
  return function(call) return handler(call, view) end
end

local router = {}

--- Adds the endpoints of one script of admin/ to `routes`.
---@return string? problem
local function add(routes, name)
  local handlers, message = script.load("admin", name)
  if not handlers then return message end
  message = contracts.check("admin", name, handlers)
  if message then return message end
  for endpoint, handler in pairs(handlers) do
    if routes[endpoint] then return ("admin/%s.lua: endpoint %s is served already"):format(name, endpoint) end
    routes[endpoint] = bound(handler)
  end
end

--- Loads the handlers of admin/ by the endpoints they name.
---@return table<string, fun(call)>? routes by endpoint name
---@return string? report every broken script, a line each
function router.build()
  local routes, problems = { chat = pipeline.chat }, {}
  for _, name in ipairs(script.list "admin") do problems[#problems + 1] = add(routes, name) end
  if #problems > 0 then return nil, table.concat(problems, "\n") end
  return routes
end

return router
