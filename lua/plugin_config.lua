-- SPDX-License-Identifier: Apache-2.0
--- The `plugins` list of the configuration: which script runs at which stage, with which configuration of its own
--- (gateway-api 3.3, 3.4, 5.1).

local json = require "gateway.json"
local nodes = require "node"
local schema = require "schema"
local suggest = require "suggest"

---@class PluginEntry
---@field name string
---@field type string? informational: the script's own type counts
---@field stage "before_request"|"after_request"|"on_error"|nil nil: every hook the script has
---@field enabled boolean
---@field config table typed by the script's schema

local STAGES = { "before_request", "after_request", "on_error" }
local HOOKS = {
  before_request = { "before_request" }, after_request = { "after_request", "on_chunk" }, on_error = { "on_error" },
}

local plugin_config = {}

local function names_of(scripts)
  local names = {}
  for name in pairs(scripts) do names[#names + 1] = name end
  table.sort(names)
  return names
end

-- Each entry ---------------------------------------------------------------------------------------------------------

--- The schema of a script's configuration: every string in it may name variables.
---@param script Plugin
---@return table
function plugin_config.schema_of(script)
  local own = script.schema or {}
  if type(own[1]) ~= "string" then return { "record", fields = own, expand = true } end
  local spec = { expand = true }
  for name, attribute in pairs(own) do spec[name] = attribute end
  return spec
end

--- Types an entry's `config`. The variables of an entry that is switched off are not looked up.
local function check_config(run, entry, position, script)
  local node = entry.config or nodes.empty_map(nodes.at(run.node, { "plugins", position }))
  local path = ("plugins[%d].config"):format(position - 1)
  local value, found = schema.check(node, plugin_config.schema_of(script), path, entry.enabled and run.variable or nil)
  for _, problem in ipairs(found) do run.errors[#run.errors + 1] = problem end
  entry.config = value
end

local function check_entry(run, entry, position)
  local script = run.scripts[entry.name]
  if script then return check_config(run, entry, position, script) end
  run.report({ "plugins", position, "name" }, ("unknown plugin: %q%s"):format(entry.name,
    suggest.phrase(entry.name, names_of(run.scripts))))
end

-- Entries of one plugin ----------------------------------------------------------------------------------------------

--- True when the entry runs at the stage.
---@param entry PluginEntry
---@param stage string
---@return boolean
function plugin_config.runs_at(entry, stage)
  return entry.stage == nil or entry.stage == stage
end

local function same_stage(one, other)
  for _, stage in ipairs(STAGES) do
    if plugin_config.runs_at(one, stage) and plugin_config.runs_at(other, stage) then return stage end
  end
end

local function check_pair(run, one, other, position)
  local stage = same_stage(one, other)
  if stage then
    run.report({ "plugins", position, "name" }, ("plugin %q is listed twice at stage %s"):format(other.name, stage))
  elseif one.config and other.config and not json.equal(one.config, other.config) then
    run.report({ "plugins", position, "config" },
      ("plugin %q: entries at different stages must have the same config"):format(other.name))
  end
end

local function check_repeated(run, list)
  local seen = {}
  for position, entry in ipairs(list) do
    if entry and entry.name and entry.enabled then
      local earlier = seen[entry.name] or {}
      for _, one in ipairs(earlier) do check_pair(run, one, entry, position) end
      earlier[#earlier + 1] = entry
      seen[entry.name] = earlier
    end
  end
end

--- Checks the entries of a document, whose `config` are still nodes, and types these.
---@param document table typed, with holes where a value was refused
---@param node table what it was read from
---@param scripts table<string, Plugin>|nil every plugin of this generation; nil = nobody knows them
---@param variable fun(name: string): string?
---@param report fun(steps: (string|integer)[], message: string)
---@return SchemaError[] errors of the plugins' own configuration
function plugin_config.check(document, node, scripts, variable, report)
  local run = { node = node, scripts = scripts, variable = variable, report = report, errors = {} }
  local list = scripts and document.plugins or {}
  for position, entry in ipairs(list) do
    if entry and entry.name then check_entry(run, entry, position) end
  end
  check_repeated(run, list)
  return run.errors
end

-- Warnings -----------------------------------------------------------------------------------------------------------

local function has_hook(script, stage)
  for _, name in ipairs(HOOKS[stage]) do
    if script[name] then return true end
  end
  return false
end

local function warning_of(entry, position, script)
  if entry.stage and not has_hook(script, entry.stage) then
    return ("plugins[%d]: %s does nothing at stage %s"):format(position - 1, entry.name, entry.stage)
  elseif entry.type and entry.type ~= script.type then
    return ("plugins[%d]: %s is of type %s, not %q"):format(position - 1, entry.name, script.type, entry.type)
  end
end

--- What is worth a word in a list without errors.
---@param list PluginEntry[]
---@param scripts table<string, Plugin>|nil
---@return string[]
function plugin_config.warnings(list, scripts)
  local warnings = {}
  for position, entry in ipairs(scripts and list or {}) do
    warnings[#warnings + 1] = warning_of(entry, position, scripts[entry.name])
  end
  return warnings
end

return plugin_config
