-- SPDX-License-Identifier: Apache-2.0
--- What differs in the parameters of a chat request from provider to provider, as their data says.

local NONE = {}

-- Names that most compatible servers do not know; a provider lists those it takes in `params.accepts`.
local OPENAI_ONLY = {
  store = true, metadata = true, modalities = true, audio = true, prediction = true, service_tier = true,
  web_search_options = true, verbosity = true, prompt_cache_key = true, prompt_cache_options = true,
  prompt_cache_retention = true, safety_identifier = true, moderation = true, functions = true, function_call = true,
  reasoning_effort = true,
}

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

--- Whether a rule of `params.when` is about this model.
local function concerns(rule, model)
  if begins_with_any(model, rule.except) then return false end
  return begins_with_any(model, rule.prefixes) or holds_any(model, rule.contains)
end

--- A renamed member goes when the client also wrote its new name: the provider knows only one of the two.
local function add_renames(list, call, renames)
  for name, new in pairs(renames or NONE) do
    if call:raw(name) then
      list = list or {}
      if call:raw(new) then
        list[#list + 1] = { verb = "remove", name = name }
      else
        list[#list + 1] = { verb = "rename", name = name, value = new }
      end
    end
  end
  return list
end

--- What must change in the body besides the model's name: members that this provider knows under another name.
---@param call table the call box: raw(name) is the member's JSON text
---@param provider Provider
---@param model string the upstream's name of the model
---@return Edit[]
local function edits(call, provider, model)
  local params = provider.params
  if not params then return NONE end
  local list = add_renames(nil, call, params.rename)
  for _, rule in ipairs(params.when or NONE) do
    if rule.rename and concerns(rule, model) then list = add_renames(list, call, rule.rename) end
  end
  return list or NONE
end

local function lists(names, name)
  for _, listed in ipairs(names or NONE) do
    if listed == name then return true end
  end
  return false
end

--- Whether the provider ignores or refuses the member `name` for this model, as its data says.
---@param name string
---@param provider Provider
---@param model string
---@return boolean
local function refuses(name, provider, model)
  local params = provider.params or NONE
  if lists(params.drop, name) then return true end
  for _, rule in ipairs(params.when or NONE) do
    if lists(rule.drop, name) and concerns(rule, model) then return true end
  end
  if not OPENAI_ONLY[name] or params.accepts == "all" then return false end
  return not lists(params.accepts, name)
end

return { edits = edits, refuses = refuses }
