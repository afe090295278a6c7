-- SPDX-License-Identifier: Apache-2.0
--- Why an answer ended.

local REASONS = {
  max_tokens = "length", model_context_window_exceeded = "length", guardrail_intervened = "content_filter",
  content_filtered = "content_filter",
}
local MALFORMED = { malformed_model_output = true, malformed_tool_use = true }

--- OpenAI's finish_reason. Whoever has tool calls to run must be told so, whatever the vendor says.
---@param reason string? the vendor's stopReason
---@param has_calls boolean
---@return string
local function reason_of(reason, has_calls)
  return REASONS[reason] or (has_calls and "tool_calls" or "stop")
end

--- Whether the vendor says that the model wrote something unusable.
---@param reason string?
---@return boolean
local function is_malformed(reason)
  return MALFORMED[reason] == true
end

return { reason = reason_of, is_malformed = is_malformed }
