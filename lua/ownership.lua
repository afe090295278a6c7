-- SPDX-License-Identifier: Apache-2.0
--- Which targets serve a model (gateway-api 3.5, 9.3): named in the target's `models` or `model_map`, or by one of its
--- provider's prefixes. Providers whose models users name themselves are asked when a target names them on purpose; with
--- `targets: auto` only for models that nobody owns, so that no vendor gets another vendor's prompts by accident.

local ownership = {}

local function has_prefix(provider, model)
  for _, prefix in ipairs(provider.models and provider.models.prefixes or {}) do
    if model:sub(1, #prefix) == prefix then return true end
  end
  for _, id in ipairs(provider.models and provider.models.ids or {}) do
    if id == model then return true end
  end
  return false
end

local function names(target, model)
  return target.model_set[model] or target.model_map[model] ~= nil
end

--- Anything goes: a self-hosted instance without a list, or a provider that takes every name.
local function takes_any(target)
  if next(target.model_set) and target.instance then return false end
  local models = target.provider.models
  return target.instance or (models ~= nil and models.any == true)
end

local function collect(targets, model, strict)
  local owners, open = {}, {}
  for _, target in ipairs(targets) do
    if target.available then
      local owned = names(target, model) or (not target.instance and has_prefix(target.provider, model))
      if owned then
        owners[#owners + 1] = target
      elseif takes_any(target) then
        open[#open + 1] = target
        if not strict then owners[#owners + 1] = target end
      end
    end
  end
  return (#owners > 0) and owners or open
end

--- "groq/llama-3" asks the target (or provider) groq for llama-3, unless a target serves the whole name.
local function addressed(targets, model)
  local name, rest = model:match "^([%w_.-]+)/(.+)$"
  if not name then return {} end
  local found = {}
  for _, target in ipairs(targets) do
    if target.available and (target.name == name or target.provider.name == name) then found[#found + 1] = target end
  end
  return found, rest
end

---@param targets table[]
---@param model string
---@param strict boolean open-ended providers only when nobody owns the model
---@return table[] owners in the order of the configuration
---@return string model the name to ask them for
function ownership.find(targets, model, strict)
  local found, rest = addressed(targets, model)
  if #found > 0 then return found, rest end
  return collect(targets, model, strict), model
end

--- Every model somebody configured by name, aliases last, each once.
function ownership.list(targets, aliases)
  local list, seen = {}, {}
  local function add(id, owner)
    if seen[id] then return end
    seen[id] = true
    list[#list + 1] = { id = id, owned_by = owner }
  end
  for _, target in ipairs(targets) do
    if target.available then
      for _, id in ipairs(target.model_list) do add(id, target.provider.name) end
      for _, id in ipairs(target.provider.models and target.provider.models.ids or {}) do add(id, target.provider.name) end
    end
  end
  local names_sorted = {}
  for alias in pairs(aliases) do names_sorted[#names_sorted + 1] = alias end
  table.sort(names_sorted)
  for _, alias in ipairs(names_sorted) do
    local owners = ownership.find(targets, aliases[alias], false)
    if owners[1] then add(alias, owners[1].provider.name) end
  end
  return list
end

--- How many models a target is known to serve by name.
function ownership.count(target)
  local ids = target.provider.models and target.provider.models.ids
  return #target.model_list + (ids and #ids or 0)
end

return ownership
