-- SPDX-License-Identifier: Apache-2.0
--- Bedrock's errors as the gateway's. What one means is told by its type, not by its status.

local json = require "gateway.json"

local failure = require "providers.dialects.neutral.failure"
local kinds = require "providers.dialects.bedrock.kinds"
local retry = require "providers.dialects.neutral.retry"
local statuses = require "providers.dialects.neutral.statuses"
local value = require "providers.dialects.neutral.value"

local typed = value.typed

-- The status that says the same.
local STATUS_OF_TYPE = {
  ValidationException = 400, ConflictException = 400, ServiceQuotaExceededException = 429,
  AccessDeniedException = 403,
  UnrecognizedClientException = 401, InvalidSignatureException = 401, ExpiredTokenException = 401,
  MissingAuthenticationTokenException = 401, IncompleteSignatureException = 401,
  ResourceNotFoundException = 404,
  ModelTimeoutException = 504, ModelErrorException = 502, ModelStreamErrorException = 502,
  ThrottlingException = 429, ModelNotReadyException = 503,
  InternalServerException = 502, ServiceUnavailableException = 503,
}

-- Refusals that are about this model or account, not about the request.
local ELSEWHERE = { "on%-demand throughput", "model identifier is invalid", "not supported in this region" }

local function concerns_model(message)
  for _, pattern in ipairs(ELSEWHERE) do
    if message:lower():find(pattern) then return true end
  end
  return false
end

local function made(kind, message)
  local result = statuses.made(kind, message)
  if result.status == 400 and message and concerns_model(message) then
    result.final, result.elsewhere = nil, true
  end
  return result
end

--- The status of a model's own error, where it says that the request was wrong.
local function status_of(kind, status, body)
  if kind == "ModelErrorException" and typed(body, "originalStatusCode", "number") == 400 then return 400 end
  return STATUS_OF_TYPE[kind] or status == 424 and 502 or status
end

local function of_fault(kind, status, text)
  local body = json.decode(text or "")
  local message = failure.read(status, text).message
  return made(statuses.kind_of(status_of(kind, status, body), message), message)
end

--- A failed answer.
---@param status integer
---@param headers table<string, string> names in lower case
---@param text string?
---@param now number? Unix seconds
---@return Failure
local function of_answer(status, headers, text, now)
  local body = json.decode(text or "")
  local kind = kinds.plain(headers["x-amzn-errortype"] or typed(body, "__type", "string"))
  local result = of_fault(kind, status, text)
  result.retry_after = retry.after(headers, now)
  return result
end

--- An exception or error inside a stream, which has no status of its own; nil when the event is none.
---@param name string the event's: "exception.throttlingException", "error.InternalError"
---@param data string
---@return Failure?
local function of_event(name, data)
  local kind = name:match "^exception%.(.*)$"
  if kind then return of_fault(kind:gsub("^%l", string.upper), 500, data) end
  if not name:find "^error%." then return nil end
  return made(statuses.FAULT, failure.read(400, data).message)
end

return { of_answer = of_answer, of_event = of_event }
