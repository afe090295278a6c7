-- SPDX-License-Identifier: Apache-2.0
--- Cohere's counters, which may come as 507.0, as neutral usage.

local value = require "providers.dialects.neutral.value"

local typed = value.typed

local function whole(holder, name)
  local found = typed(holder, name, "number")
  return found and math.floor(found + 0.5)
end

---@param reported any the vendor's `usage`
---@return Usage?
local function neutral(reported)
  local tokens, billed = typed(reported, "tokens", "table"), typed(reported, "billed_units", "table")
  if not tokens and not billed then return nil end
  return {
    prompt_tokens = whole(tokens, "input_tokens") or whole(billed, "input_tokens") or 0,
    completion_tokens = whole(tokens, "output_tokens") or whole(billed, "output_tokens") or 0,
    cached_tokens = whole(reported, "cached_tokens"),
  }
end

return { neutral = neutral, whole = whole }
