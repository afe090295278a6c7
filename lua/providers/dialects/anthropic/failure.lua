-- SPDX-License-Identifier: Apache-2.0
--- Anthropic's errors as the gateway's. Its own text stays the message; `details.error_code` and a few texts tell a
--- spent budget from a busy minute.

local failure = require "providers.dialects.neutral.failure"
local retry = require "providers.dialects.neutral.retry"

local QUOTA = { status = 429, type = "insufficient_quota", code = "insufficient_quota", elsewhere = true }
local CONTEXT = {
  status = 400, type = "invalid_request_error", code = "context_length_exceeded", elsewhere = true,
}
local FAULT = {
  status = 502, type = "api_error", code = "upstream_error",
  message = "the upstream provider returned no usable response",
}

local INVALID = {
  status = 400, type = "invalid_request_error", code = "invalid_request", final = true,
  message = "the upstream provider refused the request",
}
local TIMEOUT = {
  status = 504, type = "timeout_error", code = "upstream_timeout",
  message = "the upstream provider did not respond in time",
}
local OVERLOADED = {
  status = 503, type = "overloaded_error", code = "overloaded", message = "the upstream provider is overloaded",
}

local BY_STATUS = {
  [400] = INVALID,
  [401] = {
    status = 401, type = "authentication_error", code = "invalid_api_key", elsewhere = true,
    message = "the upstream provider refused the gateway's credential",
  },
  [402] = QUOTA,
  [403] = {
    status = 403, type = "permission_error", code = "permission_denied", elsewhere = true,
    message = "the gateway's credential may not do this at the upstream provider",
  },
  [404] = {
    status = 404, type = "invalid_request_error", code = "model_not_found", elsewhere = true,
    message = "the provider that serves this model no longer offers it",
  },
  [408] = TIMEOUT,
  [413] = {
    status = 413, type = "invalid_request_error", code = "request_too_large", final = true,
    message = "the request is larger than the upstream provider accepts",
  },
  [422] = { status = 422, type = "invalid_request_error", code = "invalid_value", final = true,
    message = "the upstream provider refused the request" },
  [429] = {
    status = 429, type = "rate_limit_error", code = "rate_limit_exceeded", message = "rate limit exceeded",
  },
  [503] = OVERLOADED,
  [504] = TIMEOUT,
  [529] = OVERLOADED,
}

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
  if is_spent(status, fault) then return QUOTA end
  if failure.is_context_length(status, fault.message) then return CONTEXT end
  if status == 503 and fault.type == "api_error" then return OVERLOADED end
  return BY_STATUS[status] or FAULT
end

local function made(status, fault)
  local kind = kind_of(status, fault)
  return {
    status = kind.status, type = kind.type, code = kind.code, final = kind.final, elsewhere = kind.elsewhere,
    message = fault.message or kind.message or "the account of the gateway at the upstream provider is spent",
  }
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
