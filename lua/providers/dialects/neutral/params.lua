-- SPDX-License-Identifier: Apache-2.0
--- What a provider's `params` say about one member of a request.

local NONE = {}

local function begins_with_any(model, prefixes)
  for _, prefix in ipairs(prefixes or NONE) do
    if model:sub(1, #prefix) == prefix then return true end
  end
  return false
end

local function holds_any(model, words)
  for _, word in ipairs(words or NONE) do
    if model:find(word, 1, true) then return true end
  end
  return false
end

--- Whether a rule of `params.when` is about this model on this surface. A rule without a surface is about all of them,
--- one without models about every model.
---@param rule ProviderRule
---@param model string
---@param surface string
---@return boolean
local function concerns(rule, model, surface)
  if rule.surface and rule.surface ~= surface then return false end
  if begins_with_any(model, rule.except) then return false end
  if not rule.prefixes and not rule.contains then return true end
  return begins_with_any(model, rule.prefixes) or holds_any(model, rule.contains)
end

---@param names string[]?
---@param name string
---@return boolean
local function lists(names, name)
  for _, listed in ipairs(names or NONE) do
    if listed == name then return true end
  end
  return false
end

--- Whether the provider's data says that it ignores or refuses the member.
---@param name string
---@param provider Provider
---@param model string
---@param surface string
---@return boolean
local function drops(name, provider, model, surface)
  local params = provider.params or NONE
  if lists(params.drop, name) then return true end
  for _, rule in ipairs(params.when or NONE) do
    if lists(rule.drop, name) and concerns(rule, model, surface) then return true end
  end
  return false
end

--- The same for chat, as Dialect.refuses: what a dialect has no counterpart for is in its provider's data.
---@param name string
---@param provider Provider
---@param model string
---@return boolean
local function refuses(name, provider, model)
  return drops(name, provider, model or "", "chat")
end

return { concerns = concerns, lists = lists, drops = drops, refuses = refuses }
