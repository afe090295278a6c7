-- SPDX-License-Identifier: Apache-2.0
--- What a provider's data say about the members of a request in OpenAI's format: which it does not take, under which
--- names it knows others, which it must have, and in which bounds.

local params = require "providers.dialects.neutral.params"

local NONE = {}

-- Names that most compatible servers do not know; a provider lists those it takes in `params.accepts`.
local OPENAI_ONLY = {
  store = true, metadata = true, modalities = true, audio = true, prediction = true, service_tier = true,
  web_search_options = true, verbosity = true, prompt_cache_key = true, prompt_cache_options = true,
  prompt_cache_retention = true, safety_identifier = true, moderation = true, functions = true, function_call = true,
  reasoning_effort = true,
}

--- Whether the provider ignores or refuses the member for this model, as its data says.
---@param name string
---@param provider Provider
---@param model string
---@param surface string
---@return boolean
local function refuses(name, provider, model, surface)
  if params.drops(name, provider, model, surface) then return true end
  local accepts = (provider.params or NONE).accepts
  if surface ~= "chat" or not OPENAI_ONLY[name] or accepts == "all" then return false end
  return not params.lists(accepts, name)
end

--- Appends the entries of the map `name` of a rule to `into`, an ordered list of pairs.
local function collect(into, map)
  local names = {}
  for name in pairs(map or NONE) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do into[#into + 1] = { name = name, value = map[name] } end
end

--- All entries of a map of `params` and of the rules that concern the call: its renames, its additions.
---@param kind "rename"|"add"|"ranges"
---@param provider Provider
---@param model string
---@param surface string
---@return { name: string, value: any }[]
local function entries(kind, provider, model, surface)
  local own, list = provider.params or NONE, {}
  if surface == "chat" or kind == "rename" then collect(list, own[kind]) end
  for _, rule in ipairs(own.when or NONE) do
    if rule[kind] and params.concerns(rule, model, surface) then collect(list, rule[kind]) end
  end
  return list
end

--- Members that are always taken out on this surface. Of chat that is the operator's choice
--- (compatibility.on_unsupported_param); other surfaces have none.
---@param provider Provider
---@param model string
---@param surface string
---@return string[]
local function removed(provider, model, surface)
  local own, list = provider.params or NONE, {}
  local function add(names)
    for _, name in ipairs(names or NONE) do
      if not name:find("[", 1, true) then list[#list + 1] = name end
    end
  end
  if surface ~= "chat" then add(own.drop) end
  for _, rule in ipairs(own.when or NONE) do
    if rule.surface and rule.surface ~= "chat" and params.concerns(rule, model, surface) then add(rule.drop) end
  end
  return list
end

return { refuses = refuses, entries = entries, removed = removed, OPENAI_ONLY = OPENAI_ONLY }
