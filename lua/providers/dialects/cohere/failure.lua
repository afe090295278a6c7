-- SPDX-License-Identifier: Apache-2.0
--- Cohere's errors as the gateway's.

local failure = require "providers.dialects.neutral.failure"
local retry = require "providers.dialects.neutral.retry"
local statuses = require "providers.dialects.neutral.statuses"

local BLOCKED = 498 -- the prompt or the output was blocked, or a token it holds

--- A failed answer.
---@param status integer
---@param headers table<string, string> names in lower case
---@param text string?
---@param now number? Unix seconds
---@return Failure
local function of_answer(status, headers, text, now)
  if status ~= BLOCKED then return statuses.of_answer(status, headers, text, now) end
  local fault = failure.read(status, text)
  local made = statuses.made(statuses.FILTER, fault.message)
  made.retry_after = retry.after(headers, now)
  return made
end

--- What an answer that ended with ERROR or TIMEOUT is; nil for one that did not.
---@param reason string? the vendor's finish_reason
---@param words string? the vendor's
---@return Failure?
local function of_reason(reason, words)
  if reason == "ERROR" then return statuses.made(statuses.FAULT, words) end
  if reason == "TIMEOUT" then return statuses.made(statuses.TIMEOUT, words) end
  return nil
end

return { of_answer = of_answer, of_reason = of_reason }
