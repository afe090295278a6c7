-- SPDX-License-Identifier: Apache-2.0
--- About how many tokens a text is, for answers whose provider does not say: no tokenizer, a rule of thumb that is
--- within a quarter for prose and code. A token is four bytes of ASCII; a letter of Chinese, Japanese or Korean is one
--- token; a letter of another alphabet half a token; a sign beyond these, as an emoji, two.

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

--- The same of a text of which only the length is known.
---@param bytes integer
---@return integer
function estimate.of_bytes(bytes)
  return math.ceil(math.max(bytes, 0) / BYTES_PER_TOKEN)
end

--- What a provider did not report, filled in and marked. What it did report stays.
---@param usage Usage? as far as it is known
---@param asked integer? tokens of the request's texts
---@param answered integer? tokens of what was answered, or of what went out of it
---@return Usage
function estimate.completed(usage, asked, answered)
  local known = usage or {}
  if known.prompt_tokens and known.completion_tokens then return known end
  local prompt, completion = known.prompt_tokens or asked or 0, known.completion_tokens or answered or 0
  local filled = {}
  for name, value in pairs(known) do filled[name] = value end
  filled.prompt_tokens, filled.completion_tokens = prompt, completion
  filled.total_tokens, filled.estimated = prompt + completion, true
  return filled
end

return estimate
