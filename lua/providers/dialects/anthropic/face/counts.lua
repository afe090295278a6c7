-- SPDX-License-Identifier: Apache-2.0
--- OpenAI's or neutral usage as Anthropic's four counters, which are always there: its input leaves out what the cache
--- gave or took.

local value = require "providers.dialects.neutral.value"

local typed = value.typed

local function whole(found)
  return found and math.max(0, math.floor(found)) or 0
end

local function counters(prompt, completion, read, written)
  read, written = whole(read), whole(written)
  return {
    input_tokens = math.max(0, whole(prompt) - read - written), cache_creation_input_tokens = written,
    cache_read_input_tokens = read, output_tokens = whole(completion),
  }
end

--- Of a decoded `usage`; nil when it says nothing.
---@param usage any
---@return table?
local function of_openai(usage)
  local prompt, completion = typed(usage, "prompt_tokens", "number"), typed(usage, "completion_tokens", "number")
  if not prompt and not completion then return nil end
  local details = typed(usage, "prompt_tokens_details", "table")
  local read = typed(details, "cached_tokens", "number") or typed(usage, "prompt_cache_hit_tokens", "number")
    or typed(usage, "cached_tokens", "number")
  return counters(prompt, completion, read, typed(details, "cache_write_tokens", "number"))
end

---@param usage Usage?
---@return table
local function of_neutral(usage)
  usage = usage or {}
  return counters(usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens, usage.cache_write_tokens)
end

return { of_openai = of_openai, of_neutral = of_neutral }
