-- SPDX-License-Identifier: Apache-2.0
--- Why an answer ended, or why there is none.

local failure = require "providers.dialects.neutral.failure"
local statuses = require "providers.dialects.neutral.statuses"
local value = require "providers.dialects.neutral.value"

local typed = value.typed

local REASONS = {
  MAX_TOKENS = "length", SAFETY = "content_filter", RECITATION = "content_filter", BLOCKLIST = "content_filter",
  PROHIBITED_CONTENT = "content_filter", SPII = "content_filter", LANGUAGE = "content_filter",
  IMAGE_SAFETY = "content_filter", IMAGE_PROHIBITED_CONTENT = "content_filter", IMAGE_RECITATION = "content_filter",
}

-- The model wrote what cannot be used; nobody can be told "stop" when there is nothing else.
local BROKEN = {
  MALFORMED_FUNCTION_CALL = true, UNEXPECTED_TOOL_CALL = true, TOO_MANY_TOOL_CALLS = true, MALFORMED_RESPONSE = true,
}

--- OpenAI's finish_reason; a reason that nobody listed is a stop. STOP is said of calls, too.
---@param reason string? the vendor's finishReason
---@param has_calls boolean
---@return string
local function reason_of(reason, has_calls)
  return REASONS[reason] or has_calls and "tool_calls" or "stop"
end

--- The failure of a candidate that ended without anything to use.
---@param reason string?
---@param candidate table
---@return Failure?
local function broken(reason, candidate)
  if not BROKEN[reason] then return nil end
  return statuses.made(statuses.FAULT, typed(candidate, "finishMessage", "string"))
end

--- What the vendor says about filtered content, if it does.
---@param candidate table
---@return string?
local function refusal(candidate)
  if REASONS[typed(candidate, "finishReason", "string")] ~= "content_filter" then return nil end
  return typed(candidate, "finishMessage", "string")
end

--- Why the prompt was not answered; nil when it was not blocked.
---@param answer table
---@return string?
local function blocked(answer)
  local feedback = typed(answer, "promptFeedback", "table")
  local reason = typed(feedback, "blockReason", "string")
  if not reason then return nil end
  local message = typed(feedback, "blockReasonMessage", "string")
  return ("The prompt was blocked by the provider (%s)."):format(reason) .. (message and " " .. message or "")
end

--- An answer with neither candidates nor a reason for their absence.
---@return Failure
local function empty()
  return failure.answer("the upstream provider's answer has no candidates")
end

return { reason = reason_of, broken = broken, refusal = refusal, blocked = blocked, empty = empty }
