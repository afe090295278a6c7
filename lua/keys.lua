-- SPDX-License-Identifier: Apache-2.0
--- Where a target's credentials come from: the configuration, else the environment, else a file that it names.

local endpoint = require "endpoint"

local KEYS_MOST = 32 -- of one target; shared memory has room for as many states

local keys = {}

--- "OPENAI_API_KEYS" of "OPENAI_API_KEY"; nil for what holds commas itself.
local function several_name(name)
  if not name:find "JSON$" then return name .. "S" end
end

--- The first variable that lists several.
---@return string? text
---@return string? name
local function listed(env, variable)
  for _, name in ipairs(env.key or {}) do
    local several = several_name(name)
    local text = several and variable(several)
    if text and text:find "[^,%s]" then return text, several end
  end
end

--- Whether a credential of the provider is in the environment.
---@param provider Provider
---@param variable fun(name: string): string?
---@return boolean
function keys.are_found(provider, variable)
  local env = provider.env or {}
  local found = endpoint.variable(variable, env.key) or endpoint.variable(variable, env.token)
  return (found or listed(env, variable)) ~= nil
end

--- Each once, in the order they are written.
local function texts_of_environment(env, variable)
  local list, seen = {}, {}
  local function add(key)
    if key and not seen[key] then seen[key], list[#list + 1] = true, key end
  end
  add((endpoint.variable(variable, env.key)))
  local text, name = listed(env, variable)
  for key in (text or ""):gmatch "[^,%s]+" do add(key) end
  if #list > KEYS_MOST then return nil, ("%s lists more than %d credentials"):format(name, KEYS_MOST) end
  return list
end

local function texts_of_entry(entry)
  local list = { entry.api_key }
  for _, key in ipairs(entry.api_keys or {}) do list[#list + 1] = key end
  if #list > KEYS_MOST then return nil, ("api_key and api_keys are more than %d credentials"):format(KEYS_MOST) end
  return list
end

--- The content of the first file that one of the variables names; nil and what is missing when it cannot be read.
local function content_of(names, variable, read)
  local path, name = endpoint.variable(variable, names)
  if not path then return nil end
  local content = read(path)
  if content and content ~= "" then return content end
  return nil, "readable file that " .. name .. " names"
end

---@class Credential how a secret goes out; all nil: none is needed
---@field header string?
---@field prefix string?
---@field secret string?

local function headed(auth, texts)
  local list = {}
  for i, text in ipairs(texts) do list[i] = { header = auth.header, prefix = auth.prefix or "", secret = text } end
  return list
end

--- What stands for keys where there are none.
local function other(provider, entry, variable, read)
  local env, auth = provider.env or {}, provider.auth
  local content, unreadable = content_of(env.files, variable, read)
  if unreadable then return nil, unreadable end
  if content then return { { secret = content } } end
  if auth.sign or auth.optional or entry.base_url and not env.key then return { {} } end
  return nil, env.key and env.key[1] or "api_key"
end

--- The credentials of a target, at least one, which may be an empty one; or nil and the variable that is missing, or
--- what is wrong.
---@param provider Provider
---@param entry table of the configuration
---@param variable fun(name: string): string?
---@param read fun(path: string): string? a file's content
---@return Credential[]? credentials
---@return string? missing
---@return string? message
function keys.find(provider, entry, variable, read)
  local env, auth = provider.env or {}, provider.auth
  local own = entry.api_key ~= nil or entry.api_keys ~= nil
  local token = not own and endpoint.variable(variable, env.token)
  if token then return { { header = "authorization", prefix = "Bearer ", secret = token } } end
  if not auth then return { {} } end
  local texts, message
  if own then
    texts, message = texts_of_entry(entry)
  else
    texts, message = texts_of_environment(env, variable)
  end
  if not texts then return nil, nil, message end
  if #texts > 0 then return headed(auth, texts) end
  return other(provider, entry, variable, read)
end

return keys
