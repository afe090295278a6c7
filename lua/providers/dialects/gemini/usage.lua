-- SPDX-License-Identifier: Apache-2.0
--- `usageMetadata` as neutral usage. Cached tokens are inside the prompt already; thoughts are output.

local value = require "providers.dialects.neutral.value"

local typed = value.typed

--- How many tokens of one modality a list of details names.
local function of_modality(details, modality)
  local sum
  for _, detail in ipairs(details or {}) do
    if typed(detail, "modality", "string") == modality then
      sum = (sum or 0) + (typed(detail, "tokenCount", "number") or 0)
    end
  end
  return sum
end

--- Counters are cumulative: the last ones count. A piece that only names its kind of traffic says nothing.
---@param before Usage?
---@param reported any `usageMetadata`
---@return Usage?
local function update(before, reported)
  local prompt = typed(reported, "promptTokenCount", "number")
  local answer = typed(reported, "candidatesTokenCount", "number")
  local thoughts = typed(reported, "thoughtsTokenCount", "number")
  if not prompt and not answer and not thoughts then return before end
  prompt = (prompt or 0) + (typed(reported, "toolUsePromptTokenCount", "number") or 0)
  return {
    prompt_tokens = prompt,
    completion_tokens = (answer or 0) + (thoughts or 0),
    total_tokens = prompt + (answer or 0) + (thoughts or 0),
    cached_tokens = typed(reported, "cachedContentTokenCount", "number"),
    reasoning_tokens = thoughts or 0,
    audio_input_tokens = of_modality(typed(reported, "promptTokensDetails", "table"), "AUDIO"),
    audio_output_tokens = of_modality(typed(reported, "candidatesTokensDetails", "table"), "AUDIO"),
  }
end

return { update = update }
