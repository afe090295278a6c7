-- SPDX-License-Identifier: Apache-2.0
--- What a provider does with the parameters of a chat request, as its data says (gateway-api 1.14, 9.4): forward,
--- translate or unsupported. Single models may differ: see `params.when`.

local capabilities = {}

local PARAMETERS = {
  "temperature", "top_p", "n", "seed", "max_tokens", "max_completion_tokens", "presence_penalty", "frequency_penalty",
  "stop", "tools", "tool_choice", "response_format", "logprobs", "top_logprobs", "parallel_tool_calls", "user",
  "logit_bias",
}

local function lists(names, name)
  for _, listed in ipairs(names or {}) do
    if listed == name then return true end
  end
  return false
end

local function support(provider, dialect, name)
  local params = provider.params or {}
  local refused = lists(params.drop, name) or dialect.refuses ~= nil and dialect.refuses(name, provider, "", "chat")
  if refused then return "unsupported" end
  return lists(params.translate, name) and "translate" or "forward"
end

--- Each parameter with what becomes of it.
---@param provider Provider
---@param dialect Dialect its own
---@return table<string, "forward"|"translate"|"unsupported">
function capabilities.of(provider, dialect)
  local map = {}
  for _, name in ipairs(PARAMETERS) do map[name] = support(provider, dialect, name) end
  return map
end

--- The same of every provider that a target names and that can be asked, and the form of images where a provider knows
--- only one.
---@param targets Target[]
---@return { providers: table, image_response_formats: table }
function capabilities.list(targets)
  local found = { providers = {}, image_response_formats = {} }
  for _, target in ipairs(targets) do
    local provider = target.provider
    if target.available and not found.providers[provider.name] then
      found.providers[provider.name] = capabilities.of(provider, target.dialect)
      found.image_response_formats[provider.name] = provider.image_response_formats
    end
  end
  return found
end

return capabilities
