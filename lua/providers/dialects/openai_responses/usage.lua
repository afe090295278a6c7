-- SPDX-License-Identifier: Apache-2.0
--- Token counts: the chat's and neutral ones as the Responses API spells them, and back.

local value = require "providers.dialects.neutral.value"

local typed = value.typed

local function count(object, name)
  local found = typed(object, name, "number")
  return found and found >= 0 and found or nil
end

local function made(input, output, total, details)
  return {
    input_tokens = input, output_tokens = output, total_tokens = total or input + output,
    input_tokens_details = {
      cached_tokens = details.cached or 0, cache_write_tokens = details.written or 0,
    },
    output_tokens_details = { reasoning_tokens = details.reasoning or 0 },
  }
end

--- A chat answer's `usage`; nil when it says nothing.
---@param found any
---@return table?
local function of_chat(found)
  local input, output = count(found, "prompt_tokens"), count(found, "completion_tokens")
  if not input and not output then return nil end
  local before = typed(found, "prompt_tokens_details", "table")
  local after = typed(found, "completion_tokens_details", "table")
  return made(input or 0, output or 0, count(found, "total_tokens"), {
    cached = count(before, "cached_tokens"), written = count(before, "cache_write_tokens"),
    reasoning = count(after, "reasoning_tokens"),
  })
end

---@param counts Usage?
---@return table?
local function of_neutral(counts)
  if not counts or not (counts.prompt_tokens or counts.completion_tokens) then return nil end
  return made(counts.prompt_tokens or 0, counts.completion_tokens or 0, counts.total_tokens, {
    cached = counts.cached_tokens, written = counts.cache_write_tokens, reasoning = counts.reasoning_tokens,
  })
end

--- The `usage` of a Response as neutral counts; nil when it says nothing.
---@param found any
---@return Usage?
local function neutral(found)
  local input, output = count(found, "input_tokens"), count(found, "output_tokens")
  if not input and not output then return nil end
  local before, after = typed(found, "input_tokens_details", "table"), typed(found, "output_tokens_details", "table")
  return {
    prompt_tokens = input or 0, completion_tokens = output or 0,
    cached_tokens = count(before, "cached_tokens"), cache_write_tokens = count(before, "cache_write_tokens"),
    reasoning_tokens = count(after, "reasoning_tokens"),
  }
end

return { of_chat = of_chat, of_neutral = of_neutral, neutral = neutral }
