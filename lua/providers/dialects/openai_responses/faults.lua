-- SPDX-License-Identifier: Apache-2.0
--- Failures that a Response object or a stream's event tells: they have no status of their own.

local failure = require "providers.dialects.neutral.failure"
local json = require "gateway.json"
local openai = require "providers.dialects.openai.failure"
local value = require "providers.dialects.neutral.value"

local typed = value.typed

-- The status that a code would have had.
local STATUSES = {
  rate_limit_exceeded = 429, insufficient_quota = 429, invalid_prompt = 400, context_length_exceeded = 400,
  server_error = 500, model_not_found = 404, bio_policy = 400, cyber_policy = 400,
}

local function status_of(fault)
  local code = typed(fault, "code", "string") or ""
  if STATUSES[code] then return STATUSES[code] end
  if code:find "image" or code:find "^invalid" then return 400 end
  return 500
end

--- A failure from an object with `code` and `message`.
---@param fault any
---@return Failure
local function of_error(fault)
  return openai.of_answer(status_of(fault), {}, json.encode { error = type(fault) == "table" and fault or {} })
end

--- Why a response failed; nil when it did not.
---@param answer any the Response object
---@return Failure?
local function of_response(answer)
  local status, fault = typed(answer, "status", "string"), typed(answer, "error", "table")
  if status == "failed" or fault then return of_error(fault) end
  if status == "cancelled" then return failure.answer("the upstream provider cancelled the response") end
  return nil
end

--- Why a stream broke off: an `error` event, whose members may be nested.
---@param event table
---@return Failure
local function of_event(event)
  return of_error(typed(event, "error", "table") or event)
end

return { of_response = of_response, of_event = of_event }
