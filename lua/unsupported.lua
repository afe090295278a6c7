-- SPDX-License-Identifier: Apache-2.0
--- Members a provider ignores or refuses (`compatibility.on_unsupported_param`, gateway-api 9.4): warn forwards them
--- and says so in the log, drop takes them out, reject answers 400. A request without any such member costs nothing.

local log = require "gateway.log"

local unsupported = {}

local CANDIDATES = {
  "temperature", "top_p", "n", "seed", "max_tokens", "max_completion_tokens", "presence_penalty", "frequency_penalty",
  "stop", "tools", "tool_choice", "response_format", "logprobs", "top_logprobs", "parallel_tool_calls", "user",
  "logit_bias",
  "store", "metadata", "modalities", "audio", "prediction", "service_tier", "web_search_options", "verbosity",
  "prompt_cache_key", "prompt_cache_options", "prompt_cache_retention", "safety_identifier", "moderation", "functions",
  "function_call", "reasoning_effort",
}

local NONE = {}

--- Of another surface than chat only what the provider's data names for it counts.
local function named_for(provider, surface)
  local names = {}
  for _, rule in ipairs(provider.params and provider.params.when or NONE) do
    if rule.surface == surface or not rule.surface and (rule.prefixes or rule.contains) then
      for _, name in ipairs(rule.drop or NONE) do names[#names + 1] = name end
    end
  end
  return names
end

--- The members that a provider does not take for a model, or nil when it takes all.
---@param provider Provider
---@param dialect Dialect
---@param model string
---@param surface string
---@return string[]?
function unsupported.refused(provider, dialect, model, surface)
  local refuses, names, seen = dialect.refuses, nil, {}
  local candidates = not refuses and NONE or surface == "chat" and CANDIDATES or named_for(provider, surface)
  for _, name in ipairs(candidates) do
    if not seen[name] and refuses(name, provider, model, surface) then
      names = names or {}
      names[#names + 1], seen[name] = name, true
    end
  end
  return names
end

--- A value that asks for nothing: null, and the one answer that everybody gives.
local function asks_nothing(name, value, kind)
  return not kind or kind == "null" or name == "n" and value == 1
end

--- Those of them that this call has.
local function offending(call, refused)
  local found
  for _, name in ipairs(refused) do
    local value, kind = call:get(name)
    if not asks_nothing(name, value, kind) then
      found = found or {}
      found[#found + 1] = name
    end
  end
  return found
end

local function rejection(target, names)
  return {
    status = 400, type = "invalid_request_error", code = "unsupported_parameter", param = names[1], elsewhere = true,
    message = ('provider "%s" does not support request parameter(s): %s'):format(
      target.provider.name, table.concat(names, ", ")),
  }
end

local function tell(call, target, model, names, dropping)
  log.warn(dropping and "provider does not support request parameter(s); dropping"
    or "provider does not support request parameter(s); forwarding", {
    trace_id = call:trace_id(), provider = target.provider.name, model = model,
    [dropping and "dropped_params" or "forwarded_params"] = table.concat(names, ", "),
  })
end

--- Applies the policy to the body that is about to go out. A translating dialect leaves out what it cannot say; only
--- `reject` concerns it.
---@param mode "warn"|"drop"|"reject"
---@param route Route
---@return Failure? failure
function unsupported.apply(call, mode, target, route)
  local names = offending(call, route.refused)
  if not names then return nil end
  if mode == "reject" then return rejection(target, names) end
  local own = route.kind == "own"
  local dropping = mode == "drop" or not own
  tell(call, target, call:get "model", names, dropping)
  if dropping and own then
    for _, name in ipairs(names) do call:remove(name) end
  end
  return nil
end

--- An image in a form that the provider does not make (gateway-api 1.6).
---@param formats string[] those it makes
---@return Failure?
function unsupported.image_format(call, target, formats)
  local wanted = call:get "response_format"
  if type(wanted) ~= "string" then return nil end
  for _, format in ipairs(formats) do
    if format == wanted then return nil end
  end
  return rejection(target, { "response_format" })
end

return unsupported
