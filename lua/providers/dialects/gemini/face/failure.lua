-- SPDX-License-Identifier: Apache-2.0
--- Failures as Google's clients read them.

local json = require "gateway.json"

local WORDS = {
  [400] = "INVALID_ARGUMENT", [401] = "UNAUTHENTICATED", [403] = "PERMISSION_DENIED", [404] = "NOT_FOUND",
  [405] = "UNIMPLEMENTED", [408] = "DEADLINE_EXCEEDED", [409] = "ABORTED", [413] = "INVALID_ARGUMENT",
  [422] = "INVALID_ARGUMENT", [429] = "RESOURCE_EXHAUSTED", [499] = "CANCELLED", [500] = "INTERNAL",
  [501] = "UNIMPLEMENTED", [502] = "INTERNAL", [503] = "UNAVAILABLE", [504] = "DEADLINE_EXCEEDED",
}

-- What others call an error that has no status, inside a stream.
local STATUS_OF_TYPE = {
  invalid_request_error = 400, authentication_error = 401, permission_error = 403, not_found_error = 404,
  rate_limit_error = 429, insufficient_quota = 429, overloaded_error = 503, timeout_error = 504,
}

local function details_of(failure)
  if not failure.retry_after then return nil end
  return json.array { {
    ["@type"] = "type.googleapis.com/google.rpc.RetryInfo", retryDelay = ("%ds"):format(failure.retry_after),
  } }
end

--- The error object.
---@param failure Failure
---@return integer status, table body
local function object(failure)
  local status = failure.status or STATUS_OF_TYPE[failure.type] or 500
  return status, { error = {
    code = status, message = failure.message or "the request failed",
    status = WORDS[status] or status >= 500 and "INTERNAL" or "INVALID_ARGUMENT", details = details_of(failure),
  } }
end

--- The whole answer.
---@param failure Failure
---@return integer status, string body, table? headers
local function answer(failure)
  local status, body = object(failure)
  return status, json.encode(body)
end

return { object = object, answer = answer }
