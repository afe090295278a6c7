-- SPDX-License-Identifier: Apache-2.0
--- Where a target is reached: the provider's root or another one, with variables for its placeholders, and the paths of
--- its surfaces below it (gateway-api 9.1).

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

local filled

--- What stands for a variable that is not set; it may have placeholders of its own.
local function default_of(name, env, variable)
  local text = env.defaults and env.defaults[name]
  local made = text and filled(text, env, variable)
  return made and not made.missing and made.text or nil
end

--- A placeholder's value, and the variable it came from; nil and the variable that is not set.
---@return string? value
---@return string? source
---@return string? missing
local function value_of(name, env, variable)
  local follow = env.follows and env.follows[name]
  if follow then
    local found, source, missing = value_of(follow.of, env, variable)
    local made = found and (follow.values and follow.values[found] or follow.otherwise:gsub("{}", found))
    return made, source, missing
  end
  local variables = env.vars and env.vars[name] or { name }
  local found, source = endpoint.variable(variable, variables)
  found = found or default_of(name, env, variable)
  return found, source, not found and variables[1] or nil
end

--- A text with its `{names}` replaced by variables. `{model}` stays: it is the request's.
---@return Filled
function filled(text, env, variable)
  local result = {}
  result.text = text:gsub("{([%w_]+)}", function(name)
    if name == "model" then return nil end
    local value, source, missing = value_of(name, env, variable)
    result.source, result.missing = result.source or source, result.missing or missing
    return value and value:match "^(.-)/*$"
  end)
  return result
end

local function nothing() end

--- What an address means that leaves its scheme, port or path out: the provider's own root.
local function default_root(provider, env)
  return provider.base and filled(provider.base, env, nothing).text
end

--- Where the host is made of variables, an address without a path means another host for the same path.
local function rehosted(given, provider, env)
  if not env.follows or not given:find "^https?://[^/]+/*$" then return given end
  return given:gsub("/+$", "") .. (provider.base:match "^https?://[^/]+(/.*)$" or "")
end

---@class Place where one surface is
---@field origin string "https://host:port"
---@field path string from the host's root; `{model}` is the request's to fill

---@class Endpoint
---@field origin string
---@field root string the path that all surfaces are below of
---@field given boolean the address is not the provider's own
---@field env ProviderEnv
---@field variable fun(name: string): string?

--- Where a surface's path leads: below the root, or to an address of its own; behind an address that the operator gave
--- everything is there.
---@param found Endpoint
---@param path string
---@return Place? place
---@return string? missing the variable that is not set
---@return string? source the variable that was used
function endpoint.place(found, path)
  local text = filled(path, found.env, found.variable)
  if text.missing then return nil, text.missing end
  local origin, rest = text.text:match "^(https?://[^/?#]+)([^#]*)$"
  if not origin then return { origin = found.origin, path = found.root .. text.text }, nil, text.source end
  return { origin = found.given and found.origin or origin, path = rest }, nil, text.source
end

--- The variables of the provider with what they hold, for dialects and signatures.
---@return table<string, string>
function endpoint.variables(provider, variable)
  local env, held = provider.env or {}, {}
  for name, names in pairs(env.vars or {}) do
    held[name] = endpoint.variable(variable, names) or env.defaults and env.defaults[name]
  end
  for name, value in pairs(env.defaults or {}) do held[name] = held[name] or value end
  return held
end

--- A root without the ending that the provider's paths begin with.
local function trimmed(path, trims)
  for _, ending in ipairs(trims or {}) do
    if path:sub(-#ending) == ending then return path:sub(1, -#ending - 1) end
  end
  return path
end

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
  local base = filled(given and rehosted(given, provider, env) or provider.base, env, variable)
  if base.missing then return nil, base.missing end
  local root, message = address.parse(base.text, default_root(provider, env))
  if message then return nil, nil, ("%s %s"):format(source or base.source or "base", message) end
  return {
    origin = root.origin, root = trimmed(root.path, provider.trims), given = given ~= nil, env = env,
    variable = variable,
  }
end

return endpoint
