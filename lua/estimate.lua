-- SPDX-License-Identifier: Apache-2.0
--- About how many tokens were used, where the provider does not say, or a stream was cut before it could
--- (runtime/codec/estimate.h has the rule of thumb). Whoever reads them is told that they are no count.

local estimate = {}

local BYTES_PER_TOKEN = 4

local function occurrences(text, pattern)
  return select(2, text:gsub(pattern, ""))
end

---@param text string UTF-8; other bytes count as ASCII does
---@return integer
function estimate.tokens(text)
  if not text:find "[\128-\255]" then return math.ceil(#text / BYTES_PER_TOKEN) end
  local pairs_of = occurrences(text, "[\194-\223][\128-\191]")
  local asian = occurrences(text, "[\227-\237][\128-\191][\128-\191]")
  local signs = occurrences(text, "[\225\226\238\239][\128-\191][\128-\191]")
  local beyond = occurrences(text, "[\240-\244][\128-\191][\128-\191][\128-\191]")
  local rest = math.max(#text - 2 * pairs_of - 3 * asian - 3 * signs - 4 * beyond, 0)
  return math.ceil(rest / BYTES_PER_TOKEN + pairs_of / 2 + asian + signs + 2 * beyond)
end

--- What was not reported, filled in and marked. What was reported stays.
---@param usage Usage? as far as it is known
---@param call table
---@param reply table? a whole answer; without one, or of a stream, what went out counts
---@return Usage
function estimate.completed(usage, call, reply)
  local known = usage or {}
  if known.prompt_tokens and known.completion_tokens then return known end
  local asked, answered = call:estimate(reply)
  known.prompt_tokens, known.completion_tokens = known.prompt_tokens or asked, known.completion_tokens or answered
  known.total_tokens, known.estimated = known.prompt_tokens + known.completion_tokens, true
  return known
end

return estimate
