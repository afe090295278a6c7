-- SPDX-License-Identifier: Apache-2.0
--- Which targets serve a model (gateway-api 3.5, 9.3): those that name it in `models` or `model_map`, and those whose
--- provider owns it by prefix or id; a server of the operator's own (base_url) without a list serves what it is asked
--- for. A vendor who takes any name is asked only for models that nobody owns, so that no vendor gets another vendor's
--- prompts by accident.

local ownership = {}

local NONE = {}

local function names(target, model)
  return target.model_set[model] or target.model_map[model] ~= nil
end

--- A server of the operator's own with a list serves that list, whoever its provider is.
local function is_closed(target)
  return target.instance and next(target.model_set) ~= nil
end

local function has_id(provider, model)
  for _, id in ipairs((provider.models or NONE).ids or NONE) do
    if id == model then return true end
  end
  return false
end

--- The provider itself has said that there is this model.
local function has_discovered(target, model)
  return target.discovered ~= nil and target.discovered.set[model] == true
end

local function has_prefix(provider, model)
  for _, prefix in ipairs((provider.models or NONE).prefixes or NONE) do
    if model:sub(1, #prefix) == prefix then return true end
  end
  return false
end

local function takes_any(target)
  return not target.instance and (target.provider.models or NONE).any == true
end

--- Somebody else than a client has said that the target has this model: the configuration, the provider, its data.
---@return boolean
function ownership.is_named(target, model)
  return names(target, model) or has_id(target.provider, model) or has_discovered(target, model)
end

--- The whole name is one that the target is known to serve. A reseller's names are those of others, too: that it has
--- them does not keep "groq/llama-3" from meaning groq's.
local function knows(target, model)
  if names(target, model) then return true end
  if is_closed(target) then return false end
  return has_id(target.provider, model) or not takes_any(target) and has_discovered(target, model)
end

--- A server of the operator's own without a list takes every name it is listed for.
local function is_open_instance(target)
  return target.instance and not is_closed(target)
end

local function owns(target, model)
  if is_open_instance(target) then return true end
  if knows(target, model) then return true end
  return not is_closed(target) and (has_prefix(target.provider, model) or has_discovered(target, model))
end

local function collect(targets, accepts, model)
  local found = {}
  for _, target in ipairs(targets) do
    if target.available and accepts(target, model) then found[#found + 1] = target end
  end
  return found
end

local function is_called(target, name)
  return target.name == name or target.provider.name == name
end

--- "groq/llama-3" asks the target (or provider) groq for llama-3, unless a target knows the whole name.
local function addressed(targets, model)
  local name, rest = model:match "^([%w_.-]+)/(.+)$"
  if not name or #collect(targets, knows, model) > 0 then return NONE end
  return collect(targets, is_called, name), rest
end

---@param targets table[]
---@param model string
---@return table[] owners in the order of the configuration
---@return string model the name to ask them for
---@return boolean known false: they take any name, so only the provider knows whether there is such a model
function ownership.find(targets, model)
  local found, rest = addressed(targets, model)
  if #found > 0 then return found, rest, true end
  found = collect(targets, owns, model)
  if #found > 0 then return found, model, true end
  return collect(targets, takes_any), model, false
end

local function sorted_keys(map)
  local keys = {}
  for key in pairs(map) do keys[#keys + 1] = key end
  table.sort(keys)
  return keys
end

--- What the provider has of its own: what it has said itself, else what is written down.
local function inventory(target)
  if is_closed(target) then return NONE end
  return target.discovered and target.discovered.list or (target.provider.models or NONE).ids or NONE
end

--- Every model a target is known to serve by name: its list, its provider's own, what it maps.
local function known(target)
  local list, seen = {}, {}
  local function add(id)
    if not seen[id] then seen[id], list[#list + 1] = true, id end
  end
  for _, id in ipairs(target.model_list) do add(id) end
  for _, id in ipairs(inventory(target)) do add(id) end
  for _, id in ipairs(sorted_keys(target.model_map)) do add(id) end
  return list
end

--- A vendor's models by the catalog, where it has not said itself which it has: those that its name leads to.
local function catalogued(target, catalog)
  if is_closed(target) or target.discovered or not (target.provider.models or NONE).prefixes then return NONE end
  local list = {}
  for _, id in ipairs(catalog(target.provider.name)) do
    if has_prefix(target.provider, id) and not id:find "^ft:" then list[#list + 1] = id end
  end
  return list
end

---@class Listed a model as GET /v1/models shows it
---@field id string
---@field owned_by string the provider of the first target that serves it
---@field target table that target
---@field model string its name for it

--- What GET /v1/models shows: every known model once, owned by the first target that serves it, then the aliases that
--- lead somewhere.
---@param catalog (fun(provider: string): string[])? what is known of a vendor's models
---@return Listed[]
function ownership.list(targets, aliases, catalog)
  local list, seen = {}, {}
  local function add(id, target, model)
    if seen[id] then return end
    seen[id] = true
    list[#list + 1] = {
      id = id, owned_by = target.provider.name, target = target, model = target.model_map[model] or model,
    }
  end
  for _, target in ipairs(targets) do
    for _, id in ipairs(target.available and known(target) or NONE) do add(id, target, id) end
    for _, id in ipairs(target.available and catalog and catalogued(target, catalog) or NONE) do add(id, target, id) end
  end
  for _, alias in ipairs(sorted_keys(aliases or NONE)) do
    local owners, model = ownership.find(targets, aliases[alias])
    if owners[1] then add(alias, owners[1], model) end
  end
  return list
end

--- How many models a target is known to serve by name.
function ownership.count(target)
  return #known(target)
end

return ownership
