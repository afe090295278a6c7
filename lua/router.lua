-- SPDX-License-Identifier: Apache-2.0
--- From an endpoint's name (runtime/process/route.c) to who serves it: the pipeline, or a script of admin/, which may
--- have paths of its own (lua/dispatch.lua).

local contracts = require "contracts"
local control = require "gateway.control"
local dispatch = require "dispatch"
local explain = require "explain"
local forward = require "forward"
local metrics = require "gateway.metrics"
local pipeline = require "pipeline"
local registry = require "registry"
local replies = require "replies"
local script = require "gateway.script"
local server = require "gateway.server"
local standing = require "standing"
local surfaces = require "surfaces"
local timestamp = require "timestamp"

--- What a handler of admin/ may ask: it reaches the house only through this.
---@class View
---@field targets fun(): table[]     every configured target with its state
---@field standing fun(all: boolean?): TargetStanding[] how every target does, as all workers know it; of a target
--- without a breaker its models only with `all`. May wait
---@field providers fun(): table[]   every provider with its state
---@field models fun(): table[]      what GET /v1/models lists
---@field capabilities fun(): table what GET /v1/capabilities shows
---@field about fun(listed: Listed, today: string): table? what the catalog says of one of them
---@field owner fun(model: string): string? who would serve a model or alias
---@field draining fun(): boolean
---@field metrics fun(): string
---@field scripts table              generations: see bindings/control.h; shadow: what registry.shadow_report tells
---@field explain fun(call: AdminCall, asked: { model: string, endpoint: string, stream: boolean }): table?, Failure?
--- what would happen to such a request
---@field timestamp fun(seconds: number): string
---@field respond fun(call: AdminCall, status: integer, value: any, headers: table?) answers with JSON
---@field read fun(call: AdminCall): any the body's JSON; nil: there is none, and the client has been told
local view = {
  targets = registry.targets,
  standing = function(all) return standing.list(registry.targets(), all) end,
  providers = registry.providers,
  models = registry.models,
  capabilities = registry.capabilities,
  about = registry.about,
  owner = registry.owner,
  draining = server.draining,
  scripts = {
    reload = control.reload, rollback = control.rollback, generations = control.generations, active = control.active,
    report = control.report, rejected = control.rejected, stats = control.stats, shadow = registry.shadow_report,
  },
  explain = explain.described,
  timestamp = timestamp.text,
  respond = replies.respond,
  read = replies.read,
  metrics = function()
    local since = metrics.moment()
    server.publish()
    standing.publish(registry.targets())
    return metrics.render(since)
  end,
}

--- POST /v1/explain: of the request that is its body.
local function explain_written(call)
  local explained, failure = explain.written(call)
  if explained then return replies.respond(call, 200, explained) end
  call:refuse(failure.status, failure.type, failure.code, failure.message, failure.param)
end

local function bound(handler)
  return function(call) return handler(call, view) end
end

local router = {}

local function add_endpoints(routes, name, handlers)
  for endpoint, handler in pairs(handlers) do
    if routes[endpoint] then return ("admin/%s.lua: endpoint %s is served already"):format(name, endpoint) end
    routes[endpoint] = bound(handler)
  end
end

--- One handler table, a list of them, or handlers by endpoint: see admin/contract.lua.
local function add_handlers(routes, paths, name, value)
  if value.path then return dispatch.add(paths, name, { value }) end
  if value[1] then return dispatch.add(paths, name, value) end
  return add_endpoints(routes, name, value)
end

--- Adds what one script of admin/ serves.
---@return string? problem
local function add(routes, paths, name)
  local value, message = script.load("admin", name)
  if not value then return message end
  return contracts.check("admin", name, value) or add_handlers(routes, paths, name, value)
end

--- Loads the handlers of admin/ by the endpoints and paths they name.
---@return table<string, fun(call)>? routes by endpoint name
---@return string? report every broken script, a line each
function router.build()
  local paths, problems = dispatch.new(), {}
  local routes = { admin = function(call) return dispatch.serve(paths, call, view) end }
  for _, surface in pairs(registry.surfaces or surfaces) do
    routes[surface.endpoint] = function(call) return pipeline.serve(call, surface) end
  end
  routes.explain = explain_written
  for _, name in ipairs { "passthrough", "files", "realtime", "response" } do routes[name] = forward[name] end
  for _, name in ipairs(script.list "admin") do problems[#problems + 1] = add(routes, paths, name) end
  if #problems > 0 then return nil, table.concat(problems, "\n") end
  return routes
end

return router
