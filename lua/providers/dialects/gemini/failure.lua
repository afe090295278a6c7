-- SPDX-License-Identifier: Apache-2.0
--- Google's errors as the gateway's. Its status word and its details tell apart what HTTP's status does not: a wrong
--- key from a wrong request, a minute's limit from a day's.

local json = require "gateway.json"

local failure = require "providers.dialects.neutral.failure"
local retry = require "providers.dialects.neutral.retry"
local statuses = require "providers.dialects.neutral.statuses"
local value = require "providers.dialects.neutral.value"

local typed = value.typed

-- What a status word is as HTTP's, where an error comes without one.
local STATUS_OF_WORD = {
  INVALID_ARGUMENT = 400, FAILED_PRECONDITION = 400, OUT_OF_RANGE = 400, UNAUTHENTICATED = 401, PERMISSION_DENIED = 403,
  NOT_FOUND = 404, ABORTED = 409, ALREADY_EXISTS = 409, RESOURCE_EXHAUSTED = 429, CANCELLED = 499, INTERNAL = 500,
  UNKNOWN = 500, DATA_LOSS = 500, UNIMPLEMENTED = 501, UNAVAILABLE = 503, DEADLINE_EXCEEDED = 504,
}

--- The error object; some hosts wrap it in a list.
local function error_of(text)
  if not text or not text:find "^%s*[%[{]" then return {} end
  local body = json.decode(text)
  local first = type(body) == "table" and type(body[1]) == "table" and body[1] or body
  return typed(first, "error", "table") or {}
end

--- The detail of a kind: "RetryInfo" of "type.googleapis.com/google.rpc.RetryInfo".
local function detail(found, kind)
  for _, entry in ipairs(typed(found, "details", "table") or {}) do
    local name = typed(entry, "@type", "string")
    if name and name:match "[^%.]+$" == kind then return entry end
  end
  return nil
end

--- Whole seconds of "34.4s".
local function delay_of(found)
  local text = typed(detail(found, "RetryInfo"), "retryDelay", "string")
  local seconds = text and tonumber(text:match "^(%d+%.?%d*)s$")
  return seconds and math.ceil(seconds)
end

--- A quota that comes back tomorrow.
local function is_daily(found)
  for _, violation in ipairs(typed(detail(found, "QuotaFailure"), "violations", "table") or {}) do
    local id = typed(violation, "quotaId", "string")
    if id and id:find("PerDay", 1, true) then return true end
  end
  return false
end

local function kind_of(status, found, message)
  local word = typed(found, "status", "string")
  if status == 400 and typed(detail(found, "ErrorInfo"), "reason", "string") == "API_KEY_INVALID" then
    return statuses.kind_of(401)
  end
  if status == 400 and word == "FAILED_PRECONDITION" then return statuses.kind_of(403) end
  return statuses.kind_of(status, message)
end

local function made(status, text)
  local fault, found = failure.read(status, text), error_of(text)
  local result = statuses.made(kind_of(status, found, fault.message), fault.message)
  if result.status == 429 and is_daily(found) then result.elsewhere = true end
  result.retry_after = delay_of(found)
  return result
end

--- A failed answer.
---@param status integer
---@param headers table<string, string> names in lower case
---@param text string?
---@param now number? Unix seconds
---@return Failure
local function of_answer(status, headers, text, now)
  local result = made(status, text)
  result.retry_after = result.retry_after or retry.after(headers, now)
  return result
end

--- An error inside a stream, or in an answer with a good status.
---@param text string its JSON
---@return Failure
local function of_event(text)
  local found = error_of(text)
  local code = typed(found, "code", "number")
  local status = code and code >= 400 and code < 600 and code or STATUS_OF_WORD[typed(found, "status", "string")] or 500
  return made(status, text)
end

return { of_answer = of_answer, of_event = of_event }
