-- SPDX-License-Identifier: Apache-2.0
--- A target: a provider with a credential, an address and its own names for models. Built once per generation from the
--- configuration (or, with `targets: auto`, from the credentials in the environment).

local address = require "address"
local log = require "gateway.log"
local upstream = require "gateway.upstream"

local targets = {}

local function first_variable(variable, names)
  for _, name in ipairs(names or {}) do
    local value = variable(name)
    if value and value ~= "" then return value, name end
  end
end

local function set_of(list)
  local set = {}
  for _, item in ipairs(list or {}) do set[item] = true end
  return set
end

--- The lines every call of the target carries, the credential among them.
local function headers(provider, credential)
  local lines = { ["Content-Type"] = "application/json", ["User-Agent"] = "moongate" }
  for name, value in pairs(provider.headers or {}) do lines[name] = value end
  if credential.header then lines[credential.header] = credential.prefix .. credential.secret end
  return lines
end

--- Values for the placeholders of an address ("{account_id}"), or the variable that is missing.
local function placeholders(env, variable)
  local values = {}
  for name, value in pairs(env.defaults or {}) do values[name] = value end
  for name, variables in pairs(env.vars or {}) do
    values[name] = first_variable(variable, variables) or values[name]
    if not values[name] then return nil, variables[1] end
  end
  return values
end

local function address_of(provider, entry, variable)
  local env = provider.env or {}
  local given = entry.base_url or first_variable(variable, env.base)
  local values, missing = placeholders(env, variable)
  local base = given or provider.base
  if not base then return nil, nil, env.base and env.base[1] or "base_url" end
  if not values and not given then return nil, nil, missing end
  return address.parse((base:gsub("{([%w_]+)}", values or {})), given and provider.base)
end

--- The credential with the header it goes in; an empty table when none is needed; nil and the variable that is missing.
local function credential_of(provider, entry, variable)
  local env, auth = provider.env or {}, provider.auth
  local token = not entry.api_key and first_variable(variable, env.token)
  if token then return { header = "authorization", prefix = "Bearer ", secret = token } end
  if not auth then return {} end
  local key = entry.api_key or first_variable(variable, env.key)
  if key then return { header = auth.header, prefix = auth.prefix or "", secret = key } end
  if auth.optional or entry.base_url and not env.key then return {} end
  return nil, env.key and env.key[1] or "api_key"
end

local function retry_of(entry)
  local retry = entry.retry or {}
  return {
    attempts = math.max(1, retry.attempts or 1),
    initial_backoff_ms = retry.initial_backoff_ms or 100,
    on_status_codes = retry.on_status_codes and set_of(retry.on_status_codes),
  }
end

--- The chat surface's address below (or instead of) the base.
local function path_of(provider, base_path)
  local path = provider.paths and provider.paths.chat or "/chat/completions"
  local absolute = address.parse(path)
  if absolute then return absolute.path, absolute.origin end
  return base_path .. path
end

--- Connects the target to its origin: address, credential, time-outs.
local function connect(target, entry, variable)
  local provider = target.provider
  if target.dialect.answer then return true end
  local credential, missing_key = credential_of(provider, entry, variable)
  local parsed, message, missing_variable = address_of(provider, entry, variable)
  if message then return nil, ("target %q: %s"):format(target.name, message) end
  target.missing = missing_key or missing_variable
  if target.missing then return true end
  target.base_path = parsed.path
  local path, origin = path_of(provider, parsed.path)
  target.path = path
  local problem
  target.upstream, problem = upstream.target {
    url = origin or parsed.origin, headers = headers(provider, credential), timeouts = entry.timeout or {},
    http2 = provider.http2,
  }
  if not target.upstream then return nil, ("target %q: %s"):format(target.name, problem) end
  if credential.secret then log.hide(target.name, credential.secret) end
  return true
end

local function target_make(catalog, entry, variable)
  local provider = catalog.providers[entry.provider or entry.virtual_key]
  local stream = provider.stream or {}
  local target = {
    name = entry.name or entry.virtual_key or entry.provider,
    provider = provider,
    dialect = catalog.dialects[provider.dialect],
    instance = entry.base_url ~= nil,
    model_list = entry.models or {},
    model_set = set_of(entry.models),
    model_map = entry.model_map or {},
    weight = entry.weight or 0,
    retry = retry_of(entry),
    asks_usage = stream.usage == "include_usage",
  }
  local connected, message = connect(target, entry, variable)
  if not connected then return nil, message end
  target.available = target.missing == nil
  return target
end

local function sorted(map)
  local keys = {}
  for key in pairs(map) do keys[#keys + 1] = key end
  table.sort(keys)
  return keys
end

local function wanted_by_itself(provider)
  return provider.auto ~= false and provider.status ~= "discontinued"
end

local function has_credential(provider, variable)
  local env = provider.env or {}
  return first_variable(variable, env.key) ~= nil or first_variable(variable, env.token) ~= nil
end

--- `targets: auto`: every provider whose credential is there; none: the bundled demo.
local function found_in_environment(catalog, variable)
  local list = {}
  for _, name in ipairs(sorted(catalog.providers)) do
    local provider = catalog.providers[name]
    if wanted_by_itself(provider) and has_credential(provider, variable) then
      list[#list + 1] = { virtual_key = name }
    end
  end
  if #list == 0 then list[1] = { virtual_key = "demo" } end
  return list
end

--- Every target in the order of the configuration; also those that cannot be used (`available` false, `missing` names the
--- variable).
---@return table[]? targets
---@return string? message
function targets.build(catalog, config, variable)
  local entries = config.targets
  if entries == "auto" then entries = found_in_environment(catalog, variable) end
  local list, problems = {}, {}
  for _, entry in ipairs(entries) do
    local target, message = target_make(catalog, entry, variable)
    if target then list[#list + 1] = target else problems[#problems + 1] = message end
  end
  if #problems > 0 then return nil, table.concat(problems, "\n") end
  return list
end

return targets
