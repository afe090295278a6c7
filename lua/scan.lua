-- SPDX-License-Identifier: Apache-2.0
--- The scripts of this generation: all of them where they are judged, and where they serve those that the configuration
--- asks for. What is not asked for is left to the collector.

local contracts = require "contracts"
local faces = require "faces"
local script = require "gateway.script"
local server = require "gateway.server"
local targets = require "targets"
local wires = require "wires"

---@class Catalog scripts that load and keep their contract
---@field providers table<string, Provider>
---@field dialects table<string, Dialect>
---@field strategies table<string, Strategy>
---@field plugins table<string, Plugin>

local scan = {}

--- Loads one script; a broken one adds its message to `problems`.
local function load_one(kind, name, problems)
  local path = ("%s/%s.lua"):format(kind, name)
  server.pause(path)
  local value, message = script.load(kind, name)
  if value and not server.judged(path) then message = contracts.check(kind, name, value) end
  if not message then return value end
  problems[#problems + 1] = message
end

local function load_folder(kind, problems)
  local found, broken = {}, {}
  for _, name in ipairs(script.list(kind)) do
    found[name] = load_one(kind, name, problems)
    if not found[name] then broken[name] = true end
  end
  return found, broken
end

local function report(problems)
  table.sort(problems)
  return #problems > 0 and table.concat(problems, "\n") or nil
end

-- All of them --------------------------------------------------------------------------------------------------------

local function check_dialects(scanned, broken, problems)
  for name, provider in pairs(scanned.providers) do
    for _, dialect in ipairs(wires.dialects(provider)) do
      if not scanned.dialects[dialect] and not broken[dialect] then
        problems[#problems + 1] = ("providers/%s.lua: dialect %q has no script"):format(name, dialect)
      end
    end
  end
  for name, dialect in pairs(scanned.dialects) do
    local misplaced = faces.misplaced(name, dialect)
    if misplaced then problems[#problems + 1] = ("providers/dialects/%s.lua: %s"):format(name, misplaced) end
  end
end

---@return Catalog? catalog
---@return string? report every broken script, a line each
function scan.all()
  local problems = {}
  local dialects, broken = load_folder("providers/dialects", problems)
  local scanned = {
    dialects = dialects, providers = load_folder("providers", problems),
    strategies = load_folder("strategies", problems), plugins = load_folder("plugins", problems),
  }
  check_dialects(scanned, broken, problems)
  local text = report(problems)
  return not text and scanned or nil, text
end

-- Those that serve ---------------------------------------------------------------------------------------------------

--- What the configuration is read with: the providers are still to come.
---@return Catalog? catalog
---@return string? report
function scan.begin()
  local problems = {}
  local scanned = {
    providers = {}, dialects = {}, strategies = load_folder("strategies", problems),
    plugins = load_folder("plugins", problems),
  }
  local text = report(problems)
  return not text and scanned or nil, text
end

--- Those that targets name; without targets those whose credential is there.
local function load_providers(scanned, config, variable, problems)
  if config.targets ~= "auto" then
    for _, entry in ipairs(config.targets) do
      local name = entry.provider or entry.virtual_key
      scanned.providers[name] = scanned.providers[name] or load_one("providers", name, problems)
    end
    return
  end
  for _, name in ipairs(script.list "providers") do
    local provider = load_one("providers", name, problems)
    if provider and (name == "demo" or targets.is_found(provider, variable)) then scanned.providers[name] = provider end
  end
end

--- Adds the providers that the configuration asks for, their dialects, and those of other clients.
---@param scanned Catalog
---@param config Config
---@param variable fun(name: string): string?
---@return Catalog? catalog
---@return string? report
function scan.complete(scanned, config, variable)
  local problems, wanted = {}, faces.dialects()
  load_providers(scanned, config, variable, problems)
  for _, provider in pairs(scanned.providers) do
    for _, name in ipairs(wires.dialects(provider)) do wanted[name] = true end
  end
  for _, name in ipairs(script.list "providers/dialects") do
    if wanted[name] then scanned.dialects[name] = load_one("providers/dialects", name, problems) end
  end
  local text = report(problems)
  return not text and scanned or nil, text
end

-- Names --------------------------------------------------------------------------------------------------------------

local function listed(kind)
  local found = {}
  for _, name in ipairs(script.list(kind)) do found[name] = true end
  return found
end

--- What the configuration may name; without a catalog what is not known to be there is not missed.
---@param scanned Catalog?
function scan.known(scanned)
  return {
    providers = listed "providers", strategies = scanned and scanned.strategies or listed "strategies",
    plugins = scanned and scanned.plugins or nil,
  }
end

return scan
