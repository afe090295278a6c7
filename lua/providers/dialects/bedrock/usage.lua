-- SPDX-License-Identifier: Apache-2.0
--- Converse's counters as neutral usage. Its `inputTokens` leave out what was read from or written to the cache.

local value = require "providers.dialects.neutral.value"

local typed = value.typed

---@param reported any the vendor's `usage`
---@return Usage? nil when it reports nothing
local function neutral(reported)
  local input, output = typed(reported, "inputTokens", "number"), typed(reported, "outputTokens", "number")
  if not input and not output then return nil end
  local read, written = typed(reported, "cacheReadInputTokens", "number"),
    typed(reported, "cacheWriteInputTokens", "number")
  return {
    prompt_tokens = (input or 0) + (read or 0) + (written or 0), completion_tokens = output or 0,
    cached_tokens = read, cache_write_tokens = written,
  }
end

return { neutral = neutral }
