-- SPDX-License-Identifier: Apache-2.0
--- What a vendor's HTTP status means to the client, in one table for all vendors that do not speak OpenAI's format.
--- The vendor's own words stay the message.

local failure = require "providers.dialects.neutral.failure"
local retry = require "providers.dialects.neutral.retry"

---@class Kind how a failure reads to the client
---@field status integer
---@field type string
---@field code string
---@field message string when the vendor says nothing
---@field final boolean?
---@field elsewhere boolean?

local QUOTA = {
  status = 429, type = "insufficient_quota", code = "insufficient_quota", elsewhere = true,
  message = "the account of the gateway at the upstream provider is spent",
}
local CONTEXT = {
  status = 400, type = "invalid_request_error", code = "context_length_exceeded", elsewhere = true,
  message = "the prompt is longer than the model's context window",
}
local FILTER = {
  status = 400, type = "invalid_request_error", code = "content_filter", final = true,
  message = "the upstream provider blocked the request by its content policy",
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
  [422] = {
    status = 422, type = "invalid_request_error", code = "invalid_value", final = true,
    message = "the upstream provider refused the request",
  },
  [429] = {
    status = 429, type = "rate_limit_error", code = "rate_limit_exceeded", message = "rate limit exceeded",
  },
  [503] = OVERLOADED,
  [504] = TIMEOUT,
  [529] = OVERLOADED,
}

--- A failure of this kind, in the vendor's words where there are any.
---@param kind Kind
---@param message string?
---@param param string?
---@return Failure
local function made(kind, message, param)
  return {
    status = kind.status, type = kind.type, code = kind.code, final = kind.final, elsewhere = kind.elsewhere,
    message = message or kind.message, param = param,
  }
end

--- What the status, and the words beside it, mean.
---@param status integer
---@param message string?
---@return Kind
local function kind_of(status, message)
  if failure.is_context_length(status, message) then return CONTEXT end
  return BY_STATUS[status] or FAULT
end

--- A failed answer of a vendor without statuses of its own.
---@param status integer
---@param headers table<string, string> names in lower case
---@param text string?
---@param now number? Unix seconds
---@return Failure
local function of_answer(status, headers, text, now)
  local fault = failure.read(status, text)
  local result = made(kind_of(status, fault.message), fault.message, fault.param)
  result.retry_after = retry.after(headers, now)
  return result
end

return {
  QUOTA = QUOTA, CONTEXT = CONTEXT, FILTER = FILTER, FAULT = FAULT, TIMEOUT = TIMEOUT, OVERLOADED = OVERLOADED,
  made = made, kind_of = kind_of, of_answer = of_answer,
}
