-- SPDX-License-Identifier: Apache-2.0
--- Members a provider ignores or refuses (`compatibility.on_unsupported_param`, gateway-api 9.4): warn forwards them and
--- says so in the log, drop takes them out, reject answers 400. A request without any such member costs nothing.

local log = require "gateway.log"

local unsupported = {}

local CANDIDATES = {
  "temperature", "top_p", "n", "seed", "max_tokens", "max_completion_tokens", "presence_penalty", "frequency_penalty", "stop",
  "tools", "tool_choice", "response_format", "logprobs", "top_logprobs", "parallel_tool_calls", "user", "logit_bias",
  "store", "metadata", "modalities", "audio", "prediction", "service_tier", "web_search_options", "verbosity",
  "prompt_cache_key", "prompt_cache_options", "prompt_cache_retention", "safety_identifier", "moderation", "functions",
  "function_call", "reasoning_effort",
}

--- Which members a target's provider may refuse, whatever the model: asked once per generation.
local function refused_by(target, mode)
  local names, provider = {}, target.provider
  local params = provider.params or {}
  for _, name in ipairs(CANDIDATES) do
    local may = target.dialect.refuses and target.dialect.refuses(name, provider, "")
    for _, rule in ipairs(params.when or {}) do
      for _, dropped in ipairs(rule.drop or {}) do may = may or dropped == name end
    end
    if may then names[#names + 1] = name end
  end
  return mode and names
end

---@param mode "warn"|"drop"|"reject"
---@param targets table[]
---@return table<table, string[]> refused members by target, and the mode under "mode"
function unsupported.policy(mode, targets)
  local policy = { mode = mode }
  for _, target in ipairs(targets) do policy[target] = refused_by(target, mode) end
  return policy
end

--- The members of this call that the target's provider does not take for this model.
local function offending(call, policy, target, model)
  local found
  for _, name in ipairs(policy[target] or {}) do
    local _, kind = call:get(name)
    if kind and kind ~= "null" and target.dialect.refuses(name, target.provider, model) then
      found = found or {}
      found[#found + 1] = name
    end
  end
  return found
end

local function rejection(target, names)
  return {
    status = 400, type = "invalid_request_error", code = "unsupported_parameter", param = names[1], elsewhere = true,
    message = ('provider "%s" does not support request parameter(s): %s'):format(target.provider.name, table.concat(names, ", ")),
  }
end

--- Applies the policy to the body that is about to go out. Translating dialects leave out what they cannot say; only
--- `reject` concerns them.
---@return Failure? failure
function unsupported.apply(call, policy, target, model)
  local names = offending(call, policy, target, model)
  if not names then return nil end
  if policy.mode == "reject" then return rejection(target, names) end
  local dropping = policy.mode == "drop" or target.dialect.request ~= nil
  log.warn(dropping and "provider does not support request parameter(s); dropping"
    or "provider does not support request parameter(s); forwarding", {
    trace_id = call:trace_id(), provider = target.provider.name, model = model,
    [dropping and "dropped_params" or "forwarded_params"] = table.concat(names, ", "),
  })
  if dropping and target.dialect.edits then
    for _, name in ipairs(names) do call:remove(name) end
  end
  return nil
end

return unsupported
