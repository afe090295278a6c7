-- SPDX-License-Identifier: Apache-2.0
--- Anthropic's errors as the gateway's. Its own text stays the message; `details.error_code` and a few texts tell a
--- spent budget from a busy minute.

local failure = require "providers.dialects.neutral.failure"
local retry = require "providers.dialects.neutral.retry"
local statuses = require "providers.dialects.neutral.statuses"

-- The status an error event in a stream would have had.
local STATUS_OF_TYPE = {
  invalid_request_error = 400, authentication_error = 401, billing_error = 402, permission_error = 403,
  not_found_error = 404, request_too_large = 413, rate_limit_error = 429, api_error = 500, timeout_error = 504,
  overloaded_error = 529,
}

local SPENT = { enforced_spend_limit_reached = true, contract_spend_limit_reached = true }

local function is_spent(status, fault)
  local code = fault.details and fault.details.error_code
  if SPENT[code] or fault.type == "billing_error" then return true end
  local text = fault.message
  return status == 400 and text ~= nil
    and text:find("^You have reached your specified .*API usage limits") ~= nil
end

local function kind_of(status, fault)
  if is_spent(status, fault) then return statuses.QUOTA end
  if status == 503 and fault.type == "api_error" then return statuses.OVERLOADED end
  return statuses.kind_of(status, fault.message)
end

local function made(status, fault)
  return statuses.made(kind_of(status, fault), fault.message)
end

--- A failed answer.
---@param status integer
---@param headers table<string, string> names in lower case
---@param text string?
---@param now number? Unix seconds
---@return Failure
local function of_answer(status, headers, text, now)
  local result = made(status, failure.read(status, text))
  result.retry_after = retry.after(headers, now)
  return result
end

--- An error event inside a stream, which has no status of its own.
---@param data string its JSON
---@return Failure
local function of_event(data)
  local fault = failure.read(0, data)
  return made(STATUS_OF_TYPE[fault.type] or 500, fault)
end

return { of_answer = of_answer, of_event = of_event }
