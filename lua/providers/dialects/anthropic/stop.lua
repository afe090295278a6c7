-- SPDX-License-Identifier: Apache-2.0
--- Why an answer ended.

local value = require "providers.dialects.neutral.value"

local typed = value.typed

local REASONS = { max_tokens = "length", model_context_window_exceeded = "length", refusal = "content_filter" }

--- OpenAI's finish_reason. Whoever has tool calls to run must be told so, whatever the vendor says.
---@param reason string? the vendor's stop_reason
---@param has_calls boolean
---@return string
local function reason_of(reason, has_calls)
  return REASONS[reason] or (has_calls and "tool_calls" or "stop")
end

--- What the vendor says about a refusal, if it does.
---@param holder table the object with stop_reason and stop_details
---@return string?
local function refusal(holder)
  if typed(holder, "stop_reason", "string") ~= "refusal" then return nil end
  return typed(typed(holder, "stop_details", "table"), "explanation", "string")
end

return { reason = reason_of, refusal = refusal }
