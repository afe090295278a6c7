-- SPDX-License-Identifier: Apache-2.0
--- Where a target is reached: the provider's root or another one, with variables for its placeholders, and the
--- surface's path below it (gateway-api 9.1).

local address = require "address"

local endpoint = {}

--- The first of the variables that is set: its value and its name.
function endpoint.variable(variable, names)
  for _, name in ipairs(names or {}) do
    local value = variable(name)
    if value and value ~= "" then return value, name end
  end
end

---@class Filled
---@field text string
---@field missing string? the first variable that is not set
---@field source string? the first variable that was used

--- A text with its `{names}` replaced by variables. `{model}` stays: it is the request's.
---@return Filled
local function filled(text, env, variable)
  local result = {}
  result.text = text:gsub("{([%w_]+)}", function(name)
    if name == "model" then return nil end
    local variables = env.vars and env.vars[name] or { name }
    local value, source = endpoint.variable(variable, variables)
    value, result.source = value or env.defaults and env.defaults[name], result.source or source
    if not value then result.missing = result.missing or variables[1] end
    return value and value:match "^(.-)/*$"
  end)
  return result
end

local function nothing() end

--- What an address means that leaves its scheme, port or path out: the provider's own root.
local function default_root(provider, env)
  return provider.base and filled(provider.base, env, nothing).text
end

--- The surface's address: below the root, or one of its own.
local function surface_of(root, path)
  local absolute = address.parse(path)
  if absolute then return absolute.origin, absolute.path end
  return root.origin, root.path .. path
end

---@class Endpoint
---@field origin string "https://host:port"
---@field root string the path that all surfaces are below of
---@field path string the chat surface's

---@param provider Provider
---@param base_url string? instead of the provider's root
---@param variable fun(name: string): string?
---@return Endpoint? endpoint
---@return string? missing the variable, or key of the configuration, that is not set
---@return string? message what is wrong with the address
function endpoint.find(provider, base_url, variable)
  local env, given, source = provider.env or {}, base_url, "base_url"
  if not given then given, source = endpoint.variable(variable, env.base) end
  if not given and not provider.base then return nil, env.base and env.base[1] or "base_url" end
  local base = filled(given or provider.base, env, variable)
  local path = filled(provider.paths and provider.paths.chat or "/chat/completions", env, variable)
  if base.missing or path.missing then return nil, base.missing or path.missing end
  local root, message = address.parse(base.text, default_root(provider, env))
  if message then return nil, nil, ("%s %s"):format(source or base.source or "base", message) end
  local origin, whole = surface_of(root, path.text)
  if whole:find "[%c%s]" then return nil, nil, ("%s must not hold spaces"):format(path.source or "path") end
  return { origin = origin, root = root.path, path = whole }
end

return endpoint
