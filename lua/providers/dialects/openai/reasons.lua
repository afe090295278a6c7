-- SPDX-License-Identifier: Apache-2.0
--- Why an answer of OpenAI's relatives ended, in OpenAI's words (openai-family C0).

local REASONS = {
  stop = "stop", eos = "stop", eos_token = "stop", end_turn = "stop", stop_sequence = "stop", complete = "stop",
  COMPLETE = "stop", finished = "stop",
  length = "length", max_tokens = "length", model_length = "length", max_completion_tokens = "length",
  model_context_window_exceeded = "length",
  tool_calls = "tool_calls", tool_use = "tool_calls", tool_call = "tool_calls", function_call = "function_call",
  content_filter = "content_filter", content_filtered = "content_filter", sensitive = "content_filter",
  safety = "content_filter", recitation = "content_filter", blocklist = "content_filter",
  prohibited_content = "content_filter", refusal = "content_filter",
}
local FAILED = { error = true, network_error = true, insufficient_system_resource = true }

--- OpenAI's finish_reason.
---@param reason string? the vendor's
---@param has_calls boolean
---@return string
local function of(reason, has_calls)
  local known = REASONS[reason] or "stop"
  if has_calls and known == "stop" then return "tool_calls" end
  return known
end

--- Whether it says that the answer failed.
---@param reason string?
---@return boolean
local function is_failure(reason)
  return FAILED[reason] == true
end

return { of = of, is_failure = is_failure }
