-- SPDX-License-Identifier: Apache-2.0
--- Usage objects of OpenAI's relatives in OpenAI's own form. What else they tell (money, searches) stays in them.

local value = require "providers.dialects.neutral.value"

local typed = value.typed

-- Names for what OpenAI calls prompt_tokens_details.cached_tokens.
local CACHED = { "cached_tokens", "prompt_cache_hit_tokens", "num_cached_tokens" }

local function details_of(usage)
  local details = typed(usage, "prompt_tokens_details", "table") or typed(usage, "prompt_token_details", "table")
  local cached = typed(details, "cached_tokens", "number")
  for _, name in ipairs(CACHED) do cached = cached or typed(usage, name, "number") end
  if not cached then return details end
  local made = {}
  for name, field in pairs(details or {}) do made[name] = field end
  made.cached_tokens = cached
  return made
end

local function reasoning_of(usage)
  return typed(typed(usage, "completion_tokens_details", "table"), "reasoning_tokens", "number")
    or typed(usage, "reasoning_tokens", "number")
end

--- Some count reasoning beside the completion: their sum shows it, or that there is more of it than of the whole.
local function completion_of(prompt, completion, reasoning, total)
  if reasoning and reasoning > 0 and (reasoning > completion or total == prompt + completion + reasoning) then
    return completion + reasoning
  end
  return completion
end

--- The client's usage object and the neutral counters; nil when there is nothing to count.
---@param reported any the vendor's `usage`
---@return table? rendered, Usage? neutral
local function read(reported)
  local prompt = typed(reported, "prompt_tokens", "number") or typed(reported, "input_tokens", "number")
  local completion = typed(reported, "completion_tokens", "number") or typed(reported, "output_tokens", "number")
  if not prompt and not completion then return nil end
  prompt, completion = prompt or 0, completion or 0
  local reasoning, total = reasoning_of(reported), typed(reported, "total_tokens", "number")
  completion = completion_of(prompt, completion, reasoning, total)
  local rendered, details = {}, details_of(reported)
  for name, field in pairs(reported) do rendered[name] = field end
  rendered.prompt_tokens, rendered.completion_tokens, rendered.total_tokens = prompt, completion, prompt + completion
  rendered.prompt_tokens_details, rendered.prompt_token_details = details, nil
  if reasoning and not typed(reported, "completion_tokens_details", "table") then
    rendered.completion_tokens_details = { reasoning_tokens = reasoning }
  end
  return rendered, {
    prompt_tokens = prompt, completion_tokens = completion, total_tokens = prompt + completion,
    cached_tokens = typed(details, "cached_tokens", "number"), reasoning_tokens = reasoning,
  }
end

return { read = read }
