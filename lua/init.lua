-- SPDX-License-Identifier: Apache-2.0
--- The doors through which the runtime enters: roots and check (once, before any worker), open (once a VM), serve
--- (once a call).

local config = require "config"
local models = require "catalog"
local gateway = require "gateway.config"
local registry = require "registry"
local roots = require "roots"
local router = require "router"
local scan = require "scan"
local server = require "gateway.server"

local init = {}

local routes

--- Reads configuration and scripts: all of these to judge them, to serve what the configuration asks for.
---@param judging boolean
---@return table? config
---@return string? report every error, a line each
local function load(judging)
  local catalog, problem = (judging and scan.all or scan.begin)()
  local environment = gateway.environment()
  server.pause "config"
  local loaded, errors = config.load(environment, environment.GATEWAY_CONFIG, scan.known(catalog))
  if loaded and catalog and not judging then catalog, problem = scan.complete(catalog, loaded, gateway.variable) end
  local reports = { problem }
  if errors then reports[#reports + 1] = config.render_errors(environment.GATEWAY_CONFIG, errors) end
  reports[#reports + 1] = models.report()
  if #reports > 0 then return nil, table.concat(reports, "\n") end
  server.pause()
  local built, message = registry.build(catalog, loaded)
  server.pause()
  if not built then return nil, message end
  return loaded
end

local function joined(first, second)
  return first and second and first .. "\n" .. second or first or second
end

--- Where the operator's scripts are, before anything else is known: nil when nobody says so.
---@return string? folder
---@return string? report why it cannot be
function init.roots()
  return roots.find(gateway.environment())
end

--- Validates everything and hands the settings to the C side.
---@return boolean ok
---@return string? report
---@return Config? loaded
function init.check()
  local _, lost = init.roots()
  if lost then return false, lost end
  local loaded, report = load(true)
  local handlers, message = router.build()
  if not loaded or not handlers then return false, joined(report, message) end
  local taken, refused = gateway.settings(loaded.settings)
  return taken == true, refused or registry.summary(), loaded
end

--- The same for a worker's VM, which then serves.
---@return boolean ok
---@return string? report
function init.open()
  local loaded, report = load(false)
  if not loaded then return false, report end
  local message
  routes, message = router.build()
  if server.first() then registry.announce() end
  return routes ~= nil, message
end

--- The same, raising what is wrong: for a VM that is made beside the one that serves.
function init.prepare()
  local opened, report = init.open()
  if not opened then error(report, 0) end
end

--- A route of the runtime's that no script serves.
local function unserved(call)
  local message = "Unknown request URL: %s %s. Check the path; the documentation lists what is served."
  call:refuse(404, "invalid_request_error", "unknown_url", message:format(call:method(), call:path()))
end

--- One call, in its own coroutine.
function init.serve(call)
  return (routes[call:endpoint()] or unserved)(call)
end

return init
