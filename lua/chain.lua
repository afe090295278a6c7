-- SPDX-License-Identifier: Apache-2.0
--- The plugins of a generation: each opened once, and for each hook the list of those that have it, in the order of the
--- configuration. A hook that nobody has is nil and costs nothing.

local plugin_config = require "plugin_config"
local script = require "gateway.script"
local server = require "gateway.server"

---@class Step one plugin with its configuration, ready to run
---@field name string
---@field type string
---@field plugin Plugin
---@field guard fun(hook: function, ...): boolean, ... pcall with limits
---@field conf table
---@field opened any what the plugin's open returned

---@class Chain
---@field before_request Step[]?
---@field after_request Step[]?
---@field on_error Step[]?
---@field on_chunk Step[]?
---@field chunk_only Step[]? those of them that do not see whole answers
---@field may_route boolean a plugin may change the model: nobody is refused one before it ran

local HOOKS = { before_request = "before_request", after_request = "after_request", on_chunk = "after_request",
  on_error = "on_error" }

--- A transform that is known not to touch the model (gateway-api 3.5).
local KEEPS_MODEL = { ["response-cache"] = true }

local chain = {}

--- "plugins/x.lua:7: open: ..." of whatever open raised.
local function open_problem(name, problem)
  if type(problem) ~= "string" then problem = "an error without a message" end
  local place, text = problem:match "^(%S+%.lua:%d+): (.*)$"
  return ("%s: open: %s"):format(place or ("plugins/%s.lua"):format(name), text or problem)
end

--- Opens a plugin. Raising refuses the whole generation: a guard that does not stand must not seem to.
---@return Step? step
---@return string? problem
local function step_make(entry, plugin)
  local step = {
    name = entry.name, type = plugin.type, plugin = plugin, conf = entry.config,
    guard = script.guard_of("plugins", entry.name),
  }
  if not plugin.open then return step end
  server.pause(("plugins/%s.lua"):format(entry.name))
  local opened, value = script.guard(plugin.open, entry.config) -- no hook: what it takes is not the hooks' time
  if not opened then return nil, open_problem(entry.name, value) end
  step.opened = value
  return step
end

--- What a plugin took before a request it must be able to give back behind it, whatever stages the entry names.
local function settles(entry, plugin, hook)
  return plugin.settles and (hook == "after_request" or hook == "on_error")
    and plugin_config.runs_at(entry, "before_request")
end

local function has(steps, step)
  for _, other in ipairs(steps) do
    if other == step then return true end
  end
  return false
end

local function add(built, entry, step)
  for hook, stage in pairs(HOOKS) do
    local runs = plugin_config.runs_at(entry, stage) or settles(entry, step.plugin, hook)
    if step.plugin[hook] and runs and not has(built[hook] or {}, step) then
      built[hook] = built[hook] or {}
      table.insert(built[hook], step)
      local routes = hook == "before_request" and step.type == "transform" and not KEEPS_MODEL[step.name]
      built.may_route = built.may_route or routes
    end
  end
end

--- Joins the `plugins` of the configuration with their scripts. Entries of one plugin are one instance.
---@param entries PluginEntry[]
---@param plugins table<string, Plugin>
---@return Chain|false|nil chain false when there is nothing to run
---@return string? problem
---@return Step[]? listeners those with on_event, whatever stages their entries name
function chain.build(entries, plugins)
  local built, steps, problems, listeners = { may_route = false }, {}, {}, {}
  for _, entry in ipairs(entries) do
    if entry.enabled and steps[entry.name] == nil then
      local step, problem = step_make(entry, plugins[entry.name])
      steps[entry.name], problems[#problems + 1] = step or false, problem
      if step and step.plugin.on_event then listeners[#listeners + 1] = step end
    end
    if entry.enabled and steps[entry.name] then add(built, entry, steps[entry.name]) end
  end
  if #problems > 0 then return nil, table.concat(problems, "\n") end
  for _, step in ipairs(built.on_chunk or {}) do
    if not step.plugin.after_request then
      built.chunk_only = built.chunk_only or {}
      table.insert(built.chunk_only, step)
    end
  end
  local used = built.before_request or built.after_request or built.on_error or built.on_chunk
  return used and built or false, nil, listeners
end

return chain
