-- SPDX-License-Identifier: Apache-2.0
--- Anthropic's counters as neutral usage. Its `input_tokens` leave out what was read from or written to the cache.

local value = require "providers.dialects.neutral.value"

local typed = value.typed

---@class Counters the last values the vendor reported
---@field input integer
---@field cache_write integer?
---@field cache_read integer?
---@field output integer
---@field thinking integer?

local function take_input(counters, reported)
  local input = typed(reported, "input_tokens", "number")
  if not input then return end
  counters.input = input
  counters.cache_write = typed(reported, "cache_creation_input_tokens", "number")
  counters.cache_read = typed(reported, "cache_read_input_tokens", "number")
end

--- Replaces what `reported` names; the vendor's counters are cumulative. The three of the input go together.
---@param counters Counters?
---@param reported any the vendor's `usage`
---@return Counters?
local function update(counters, reported)
  if type(reported) ~= "table" then return counters end
  counters = counters or { input = 0, output = 0 }
  take_input(counters, reported)
  counters.output = typed(reported, "output_tokens", "number") or counters.output
  counters.thinking = typed(typed(reported, "output_tokens_details", "table"), "thinking_tokens", "number")
    or counters.thinking
  return counters
end

---@param counters Counters?
---@return Usage?
local function neutral(counters)
  if not counters then return nil end
  return {
    prompt_tokens = counters.input + (counters.cache_write or 0) + (counters.cache_read or 0),
    completion_tokens = counters.output,
    cached_tokens = counters.cache_read,
    cache_write_tokens = counters.cache_write,
    reasoning_tokens = counters.thinking,
  }
end

return { update = update, neutral = neutral }
