-- SPDX-License-Identifier: Apache-2.0
--- Log probabilities as OpenAI has them; the bytes of a token are its text's.

local json = require "gateway.json"
local value = require "providers.dialects.neutral.value"

local typed = value.typed

local function entry_of(candidate)
  local token = typed(candidate, "token", "string") or ""
  local bytes = json.array {}
  for i = 1, #token do bytes[i] = token:byte(i) end
  return { token = token, logprob = typed(candidate, "logProbability", "number") or 0, bytes = bytes }
end

local function top_of(step)
  local list = json.array {}
  for i, candidate in ipairs(typed(step, "candidates", "table") or {}) do
    list[i] = entry_of(candidate)
  end
  return list
end

--- A choice's `logprobs`; nil when the vendor gives none.
---@param candidate table
---@return table?
local function of_candidate(candidate)
  local result = typed(candidate, "logprobsResult", "table")
  local chosen = typed(result, "chosenCandidates", "table")
  if not chosen then return nil end
  local tops, content = typed(result, "topCandidates", "table") or {}, json.array {}
  for i, candidate_of in ipairs(chosen) do
    local entry = entry_of(candidate_of)
    entry.top_logprobs = top_of(tops[i])
    content[i] = entry
  end
  return { content = content, refusal = json.null }
end

return { of_candidate = of_candidate }
