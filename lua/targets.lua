-- SPDX-License-Identifier: Apache-2.0
--- A target: a provider with a credential, an address and its own names for models. Built once per generation from the
--- configuration (or, with `targets: auto`, from the credentials in the environment).

local cells = require "cells"
local endpoint = require "endpoint"
local keys = require "keys"
local policy = require "policy"
local reach = require "reach"
local wires = require "wires"

local targets = {}

--- The first variable of env.vars that must be there and is not.
local function missing_variable(env, held)
  local names = {}
  for name in pairs(env.vars or {}) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    local optional = env.optional and env.optional[name]
    if not held[name] and not optional then return env.vars[name][1] end
  end
end

--- A path that holds what a request's must not.
local function path_problem(place, source)
  if place and place.path:find "[%c%s]" then return ("%s must not hold spaces"):format(source or "path") end
end

--- Where the chat surface is: without it a target of the operator's own says what is missing.
---@return string? missing
---@return string? message
local function chat_place(target, found)
  local _, path = wires.choose(target.provider, "chat", "")
  if not path then return nil end
  local place, missing, source = endpoint.place(found, path)
  target.path = place and place.path
  return missing, path_problem(place, source)
end

local KEY_PAUSE_MS = 600000 -- with `targets: auto`
local TIMEOUTS = { "connect", "first_byte", "idle", "total" }

--- What the configuration sets for the target, else what it says of all, else what the provider is known to need.
---@param written table<string, integer> what the configuration says of all: `timeouts.upstream`
local function timeouts_of(entry, provider, written)
  local own, known, made = entry.timeout or {}, provider.timeouts or {}, {}
  for _, name in ipairs(TIMEOUTS) do made[name] = own[name] or written[name] or known[name] end
  return made
end

--- Connects the target to its origin: address, credential, time-outs.
---@return true? connected, or usable but for what `missing` names
---@return string? message
local function connect(target, entry, variable, read, written)
  local provider = target.provider
  if target.dialect.answer then return true end
  local credentials, missing_key, wrong = keys.find(provider, entry, variable, read)
  local found, missing_base, message = endpoint.find(provider, entry.base_url, variable)
  message = wrong or message
  if message then return nil, message end
  target.missing = missing_key or missing_base
  if target.missing then return true end
  target.missing, message = chat_place(target, found)
  if not target.missing and target.sign then target.missing = missing_variable(provider.env or {}, target.variables) end
  if message or target.missing then return not message, message end
  target.origin, target.base_path, target.endpoint = found.origin, found.root, found
  if #credentials > 1 then target.several, target.vault = #credentials, cells.vault(target, credentials) end
  target.timeouts = timeouts_of(entry, provider, written)
  target.upstream, message = reach.open(target, found.origin, credentials, {
    timeouts = target.timeouts, http2 = provider.http2,
  })
  return target.upstream and true, message
end

--- The models that the provider's variable names: "qwen3:8b, llama3.2". A path is no model: Ollama's own OLLAMA_MODELS
--- says where they lie.
local function listed(provider, variable)
  local env, list = provider.env or {}, {}
  local function add(text)
    for name in (text or ""):gmatch "[^,%s]+" do
      if name:sub(1, 1) ~= "/" then list[#list + 1] = name end
    end
  end
  add((endpoint.variable(variable, env.models)))
  for _, name in ipairs(env.more_models or {}) do add(variable(name)) end
  return list
end

--- Names that hold a version are asked for without it, too: "owner/name" of "owner/name:version".
local function add_versions(provider, list, map)
  if not (provider.models and provider.models.versions) then return map end
  local made = {}
  for _, name in ipairs(list) do
    local plain = name:match "^([^:]+):[^:]+$"
    if plain then made[plain] = name end
  end
  for name, other in pairs(map) do made[name] = other end
  return made
end

--- The names this target serves, each once: the configuration's and, at the provider's own address, the variable's.
local function models_of(provider, entry, variable)
  local list, set = {}, {}
  local function add(names)
    for _, name in ipairs(names) do
      if not set[name] then set[name], list[#list + 1] = true, name end
    end
  end
  add(entry.models or {})
  if not entry.base_url then add(listed(provider, variable)) end
  return list, set
end

local function sorted(map)
  local names = {}
  for name in pairs(map) do names[#names + 1] = name end
  table.sort(names)
  return names
end

--- The environment as this target sees it: its own `variables` stand for those of the process.
---@return (fun(name: string): string?)? variable
---@return string? message
local function own_variable(provider, entry, variable)
  local own, known = {}, provider.env and provider.env.vars or {}
  for name, value in pairs(entry.variables or {}) do
    if not known[name] then
      return nil, ("variables.%s: provider %q has %s"):format(name, provider.name,
        next(known) and "only " .. table.concat(sorted(known), ", ") or "none")
    end
    for _, environment in ipairs(known[name]) do own[environment] = value end
  end
  if not next(own) then return variable end
  return function(name) return own[name] or variable(name) end
end

local function target_make(catalog, entry, environment, read, written)
  local provider = catalog.providers[entry.provider or entry.virtual_key]
  local variable, unknown = own_variable(provider, entry, environment)
  if not variable then return nil, ("target %q: %s"):format(entry.name or provider.name, unknown) end
  local model_list, model_set = models_of(provider, entry, variable)
  local target = {
    name = entry.name or entry.virtual_key or entry.provider,
    provider = provider,
    dialect = catalog.dialects[provider.dialect],
    dialects = catalog.dialects,
    variables = endpoint.variables(provider, variable),
    sign = provider.auth and provider.auth.sign,
    instance = entry.base_url ~= nil,
    model_list = model_list,
    model_set = model_set,
    model_map = add_versions(provider, model_list, entry.model_map or {}),
    weight = entry.weight or 0,
    priority = entry.priority or 0,
    retry = policy.retry(entry),
    breaker = policy.breaker(entry),
    concurrency = policy.concurrency(entry),
    key_pause_ms = entry.api_key_pause or KEY_PAUSE_MS,
    asks_usage = provider.stream ~= nil and provider.stream.usage == "include_usage",
  }
  local connected, message = connect(target, entry, variable, read, written)
  if not connected then return nil, ("target %q: %s"):format(target.name, message) end
  target.available = target.missing == nil
  target.check = entry.health_check
  cells.open(target, target.check ~= nil)
  return target
end

local function wanted_by_itself(provider)
  return provider.auto ~= false and provider.status ~= "discontinued"
end

--- A provider that needs no credential is asked for by its address.
local function is_asked_for(provider, variable)
  local env = provider.env or {}
  if keys.are_found(provider, variable) then return true end
  if provider.auth and not provider.auth.optional then return false end
  if endpoint.variable(variable, env.base) then return true end
  for _, variables in pairs(env.vars or {}) do
    if endpoint.variable(variable, variables) then return true end
  end
  return false
end

--- Whether `targets: auto` means a provider: its credential is there.
---@param provider Provider
---@param variable fun(name: string): string?
---@return boolean
function targets.is_found(provider, variable)
  return wanted_by_itself(provider) and is_asked_for(provider, variable)
end

--- `targets: auto`: every provider whose credential is there; none: the bundled demo.
local function found_in_environment(catalog, variable)
  local list = {}
  for _, name in ipairs(sorted(catalog.providers)) do
    local provider = catalog.providers[name]
    if targets.is_found(provider, variable) then
      list[#list + 1] = { virtual_key = name }
    end
  end
  if #list == 0 then list[1] = { virtual_key = "demo" } end
  return list
end

--- Every target in the order of the configuration; also those that cannot be used (`available` false, `missing` names
--- the variable).
---@param read fun(path: string): string? a file's content
---@return table[]? targets
---@return string? message
function targets.build(catalog, config, variable, read)
  local entries = config.targets
  if entries == "auto" then entries = found_in_environment(catalog, variable) end
  local list, problems = {}, {}
  local written = config.timeouts and config.timeouts.upstream or {}
  for _, entry in ipairs(entries) do
    local target, message = target_make(catalog, entry, variable, read, written)
    if target then list[#list + 1] = target else problems[#problems + 1] = message end
  end
  if #problems > 0 then return nil, table.concat(problems, "\n") end
  return list
end

return targets
