-- SPDX-License-Identifier: Apache-2.0
--- The configuration: file, then environment -> one typed table and the flat settings of the C side, or every error at
--- once. Nothing is guessed and no key is ignored.

local checks = require "config_checks"
local config_groups = require "config_groups"
local config_strategy = require "config_strategy"
local config_targets = require "config_targets"
local document = require "config_schema"
local door = require "gateway.config"
local nodes = require "node"
local plugin_config = require "plugin_config"
local rules = require "rules"
local schema = require "schema"

local FORMATS = { json = "json", yaml = "yaml", yml = "yaml" }

--- Variables that win over the file, and the key each stands for.
local OVERRIDES = {
  { "HOST", { "server", "host" } },
  { "PORT", { "server", "port" } },
  { "WORKERS", { "server", "workers" } },
  { "LOG_LEVEL", { "log", "level" } },
  { "MASTER_KEY", { "auth", "master_key" } },
  { "ALLOW_UNAUTHENTICATED_PROXY", { "auth", "allow_unauthenticated_proxy" } },
  { "GATEWAY_SCRIPTS", { "scripts", "path" } },
  { "TRUSTED_PROXIES", { "server", "trusted_proxies" } },
  { "RATE_LIMIT_RPS", { "limits", "address_rate" } },
  { "RATE_LIMIT_BURST", { "limits", "address_burst" } },
  { "FERRO_MODEL_DISCOVERY_INTERVAL", { "discovery", "interval" } },
}

--- Variables of the compatible gateway that do nothing here yet: whoever sets one is told.
local NOT_YET = {
  "ADMIN_BOOTSTRAP_KEY", "ADMIN_BOOTSTRAP_READ_ONLY_KEY", "API_KEY_STORE_BACKEND", "CONFIG_STORE_BACKEND",
  "CORS_ORIGINS", "ENABLE_PPROF", "FERRO_MODEL_CATALOG_URL", "LOG_FORMAT",
  "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "REQUEST_LOG_STORE_BACKEND",
}
local NOTHING_ASKED = { [""] = true, ["0"] = true, ["false"] = true, json = true, memory = true }

---@class Config
---@field source string|nil       the file it came from; nil = the default document
---@field targets "auto"|table[]  "auto": every provider with a credential; those of groups stand in it like the others
---@field tree (string|table)[]|nil with groups: their names, and groups of them
---@field settings table          names of the C side's struct settings -> values
---@field warnings string[]

local config = {}

local function set_value(environment, name)
  local value = environment[name]
  return value ~= "" and value or nil
end

-- File ---------------------------------------------------------------------------------------------------------------

--- The document's node, and what its syntax already got wrong. Without a node reading had to stop.
---@param path string|nil
---@return table|nil node, table[] errors
function config.document(path)
  if not path then return nodes.of { targets = "auto" }, {} end
  local extension = path:match("[^/](%.[^./]*)$") or ""
  local format = FORMATS[extension:sub(2)]
  if not format then
    local message = ("unsupported config file extension %q: use .json, .yaml, or .yml"):format(extension)
    return nil, { { path = "", message = message } }
  end
  local text, problem = door.read(path)
  if not text then return nil, { { path = "", message = problem } } end
  local node, faults = door.parse(text, format)
  local errors = faults or {}
  for _, fault in ipairs(errors) do fault.path = "" end
  if node and node.null then errors[1] = { line = 1, column = 1, path = "", message = "the file is empty" } end
  return node, errors
end

local function check_document(node, environment, known, errors)
  local function variable(name) return environment[name] end
  local value, found = schema.check(node, document, "", variable)
  for _, problem in ipairs(found) do errors[#errors + 1] = problem end
  if not value then return nil end
  local function report(steps, message)
    if #errors >= schema.ERRORS_MAX then return end
    local place = nodes.at(node, steps)
    errors[#errors + 1] = { line = place.line, column = place.column, path = checks.path(steps), message = message }
  end
  checks.run(value, known, report)
  for _, problem in ipairs(plugin_config.check(value, node, known.plugins, variable, report)) do
    errors[#errors + 1] = problem
  end
  for _, problem in ipairs(config_strategy.check(value, node, known, variable, report)) do
    errors[#errors + 1] = problem
  end
  return value
end

--- A path of the file is meant from where the file lies.
---@param path string|nil of the file
---@param written string
---@return string
function config.beside(path, written)
  local folder = path and path:match("^(.*/)[^/]*$")
  if not folder or written:find("^/") then return written end
  return folder .. written
end

local function anchor(value, path)
  local scripts = value.scripts
  if scripts and scripts.path then scripts.path = config.beside(path, scripts.path) end
end

-- Environment --------------------------------------------------------------------------------------------------------

local function environment_error(name, message)
  return { source = "environment", path = name, message = message }
end

local function field_at(steps)
  return document.fields[steps[1]].fields[steps[2]]
end

--- "a, b" as a list.
local function split(text)
  local items = {}
  for item in text:gmatch "[^,]+" do
    item = item:match "^%s*(.-)%s*$"
    if item ~= "" then items[#items + 1] = item end
  end
  return items
end

--- Who sets a variable writes LOG_LEVEL=INFO and =TRUE as often as not.
local function variable_node(spec, text)
  if spec[1] == "duration" and text == "0" then text = "0s" end
  if spec[1] == "array" then return nodes.of(split(text)) end
  if spec.one_of or spec[1] == "boolean" then text = text:lower() end
  if spec[1] == "string" then return nodes.quoted(text) end
  if spec[1] == "boolean" then text = ({ ["1"] = "true", ["0"] = "false" })[text] or text end
  return nodes.word(text)
end

local function override(value, environment, errors)
  for _, each in ipairs(OVERRIDES) do
    local name, steps = each[1], each[2]
    local text, spec = set_value(environment, name), field_at(steps)
    if text then
      local typed, found = schema.check(variable_node(spec, text), spec, name)
      for _, problem in ipairs(found) do errors[#errors + 1] = environment_error(name, problem.message) end
      value[steps[1]] = value[steps[1]] or {}
      value[steps[1]][steps[2]] = typed
    end
  end
end

local LOOPBACK = "127.0.0.1,::1"

--- The proxies every program obeys, where the file says nothing. Those were not meant for a model on this machine.
local function inherit_proxies(value, environment)
  local options, direct = value.upstream or {}, {}
  local function inherit(name)
    local text = set_value(environment, name) or set_value(environment, name:upper())
    if options[name] ~= nil then return nil end
    options[name] = text
    return text
  end
  local inherited = { inherit "https_proxy", inherit "http_proxy" }
  direct[1] = inherit "no_proxy"
  if next(inherited) and (direct[1] or options.no_proxy == nil) then
    direct[#direct + 1] = LOOPBACK
    options.no_proxy = table.concat(direct, ",")
  end
end

local function check_production(value, environment, errors)
  local open = value.auth and value.auth.allow_unauthenticated_proxy
  if environment.GATEWAY_ENV ~= "production" or not open then return end
  errors[#errors + 1] = environment_error("GATEWAY_ENV", "production refuses ALLOW_UNAUTHENTICATED_PROXY=true")
end

local UNLIMITED = "production without a limit per client address: set RATE_LIMIT_RPS or limits.address_rate"

local function warnings_of(value, environment, known)
  local warnings = plugin_config.warnings(value.plugins, known.plugins)
  if value.apiVersion ~= "v1" then
    warnings[#warnings + 1] = ("apiVersion %q is not v1; the file is read as v1"):format(value.apiVersion)
  end
  if environment.GATEWAY_ENV == "production" and value.limits.address_rate == 0 then
    warnings[#warnings + 1] = UNLIMITED
  end
  for _, warning in ipairs(config_strategy.warnings(value.strategy)) do warnings[#warnings + 1] = warning end
  for _, name in ipairs(NOT_YET) do
    if not NOTHING_ASKED[environment[name] or ""] then
      warnings[#warnings + 1] = name .. " is not supported by this version yet and has no effect"
    end
  end
  return warnings
end

-- Result -------------------------------------------------------------------------------------------------------------

--- Every target gets its name; groups become the tree that strategies go by.
local function settle_targets(value)
  local names = config_groups.names(value.targets, config_targets.COMPATIBLE)
  for entry, name in pairs(names) do entry.name = name end
  value.tree = config_groups.tree(value.targets)
  value.targets = config_groups.leaves(value.targets)
  for _, target in ipairs(value.targets) do
    target.provider = target.provider or target.virtual_key or config_targets.COMPATIBLE
    target.retry.attempts = math.max(target.retry.attempts, 1)
  end
end

--- "name=value", separated by blanks.
local function pairs_text(map)
  local list = {}
  for name, value in pairs(map) do list[#list + 1] = name .. "=" .. value end
  table.sort(list)
  return table.concat(list, " ")
end

local function settings_of(spec, value, settings)
  for name, field in pairs(spec.fields) do
    local written = value[name]
    if field.setting then
      if written == nil then written = rules.amount(field, field.implied) end
      settings[field.setting] = field.scale and math.floor(written * field.scale + 0.5) or written
      if field[1] == "map" then settings[field.setting] = pairs_text(written) end
      if field[1] == "array" then settings[field.setting] = table.concat(written, " ") end
      if written == nil and field[1] == "string" then settings[field.setting] = "" end
    elseif field.fields and not field.optional then
      settings_of(field, written, settings)
    end
  end
  return settings
end

local function finish(value, path, environment, known)
  local auto = value.targets == "auto"
  if not value.strategy.mode or value.strategy.mode == "" then value.strategy.mode = auto and "fallback" or "single" end
  if not auto then settle_targets(value) end
  value.source = path
  value.settings = settings_of(document, value, {})
  value.warnings = warnings_of(value, environment, known)
  return value
end

--- Reads and checks everything.
---@param environment table<string, string>  name -> value
---@param path string|nil                    a file; nil = GATEWAY_CONFIG, and without that the default document
---@param known table|nil                    { providers = set, strategies = set, plugins = scripts } of this generation
---@return Config|nil config, SchemaError[]|nil errors
function config.load(environment, path, known)
  known = known or {}
  path = path ~= "" and path or set_value(environment, "GATEWAY_CONFIG")
  local node, errors = config.document(path)
  local value = node and check_document(node, environment, known, errors) or {}
  anchor(value, path)
  override(value, environment, errors)
  inherit_proxies(value, environment)
  check_production(value, environment, errors)
  if #errors == 0 then return finish(value, path, environment, known) end
  schema.sort(errors)
  return nil, errors
end

local function render(path, problem)
  local place = problem.source or path or "configuration"
  if problem.line then place = ("%s:%d:%d"):format(place, problem.line, problem.column) end
  local told = problem.path == "" or problem.message:sub(1, #problem.path) == problem.path
  return ("%s: %s%s"):format(place, told and "" or problem.path .. ": ", (problem.message:gsub("%c", "?")))
end

--- One line per error: `conf/gateway.yaml:12:5: strategy.mode: unknown strategy mode: "x"`.
---@param path string|nil
---@param errors SchemaError[]
---@return string
function config.render_errors(path, errors)
  local lines = {}
  for i, problem in ipairs(errors) do lines[i] = render(path, problem) end
  return table.concat(lines, "\n")
end

return config
