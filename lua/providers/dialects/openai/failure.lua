-- SPDX-License-Identifier: Apache-2.0
--- How the errors of providers that speak OpenAI's format read: in their own words, type and code, except where they
--- speak of the gateway's credential.

local json = require "gateway.json"

local failure = require "providers.dialects.neutral.failure"
local retry = require "providers.dialects.neutral.retry"
local value = require "providers.dialects.neutral.value"

local NONE = {}

---@class Rule how a status reads to the client
---@field status integer
---@field type string unless the provider names one
---@field code string unless the provider names one
---@field message string
---@field fixed boolean? nothing of the provider's text reaches the client
---@field final boolean?
---@field elsewhere boolean?

local NO_ANSWER = "the upstream provider did not respond in time"
local TIMEOUT = {
  status = 504, type = "upstream_error", code = "upstream_timeout", message = NO_ANSWER, fixed = true,
}
local NO_ACCESS = {
  status = 502, type = "upstream_error", code = "upstream_auth_error", fixed = true, elsewhere = true,
  message = "the gateway could not authenticate with the upstream provider",
}
local FAULT = {
  status = 502, type = "upstream_error", code = "upstream_error",
  message = "the upstream provider returned no usable response",
}

local function invalid(status)
  return {
    status = status, type = "invalid_request_error", code = "invalid_request", final = true,
    message = "the upstream provider refused the request",
  }
end

local RULES = {
  [400] = invalid(400),
  [401] = NO_ACCESS,
  [402] = {
    status = 429, type = "insufficient_quota", code = "insufficient_quota", elsewhere = true, own = true,
    message = "the account of the gateway at the upstream provider is spent",
  },
  [403] = NO_ACCESS,
  [404] = {
    status = 404, type = "invalid_request_error", code = "model_not_found", elsewhere = true,
    message = "the provider that serves this model no longer offers it",
  },
  [408] = TIMEOUT,
  [413] = {
    status = 413, type = "invalid_request_error", code = "request_too_large", final = true,
    message = "the request is larger than the upstream provider accepts",
  },
  [422] = invalid(422),
  [429] = {
    status = 429, type = "rate_limit_error", code = "rate_limit_exceeded", message = "rate limit exceeded",
  },
  [504] = TIMEOUT,
}

local function fixed(rule)
  return {
    status = rule.status, type = rule.type, code = rule.code, message = rule.message, elsewhere = rule.elsewhere,
  }
end

local function spoken(rule, fault, status)
  local code = fault.code
  if failure.is_context_length(status, fault.message) then code = "context_length_exceeded" end
  local spent = code == "insufficient_quota" or fault.type == "insufficient_quota"
  return {
    status = rule.status, type = not rule.own and fault.type or rule.type, code = not rule.own and code or rule.code,
    message = fault.message or rule.message, param = fault.param,
    final = rule.final and code ~= "context_length_exceeded" or nil, elsewhere = rule.elsewhere or spent or nil,
  }
end

--- A failed answer: the client reads the provider's own words, type and code, except where they speak of the
--- gateway's credential.
---@param status integer
---@param headers table<string, string> names in lower case
---@param text string?
---@param now number? Unix seconds
---@return Failure
local function of_answer(status, headers, text, now)
  local rule = RULES[status] or FAULT
  local made = rule.fixed and fixed(rule) or spoken(rule, failure.read(status, text), status)
  made.retry_after = retry.after(headers, now)
  return made
end

--- The status an error inside a stream names: the number in `error.code` or `error.status`, `status_code` beside it.
local function hidden_status(body)
  local inner = value.typed(body, "error", "table")
  local found = value.member(inner, "code") or value.member(inner, "status") or value.member(body, "status_code")
  local status = tonumber(found)
  return status and status >= 400 and status < 600 and status or 502
end

--- An error inside a stream; nil when the event is none. Groq's sits in `x_groq`, OpenRouter's beside choices.
---@param body any the decoded event
---@param data string its text
---@return Failure?
local function of_event(body, data)
  local own = value.member(value.typed(body, "x_groq", "table"), "error")
  if own ~= nil then return of_answer(502, NONE, json.encode { error = own }) end
  if type(body) ~= "table" or value.member(body, "error") == nil then return nil end
  return of_answer(hidden_status(body), NONE, data)
end

--- An error in the place of a stream's first content; nil when the event is none.
---@param name string
---@param data string
---@return Failure?
local function first_failure(name, data)
  if name ~= "error" and not data:find('"error"', 1, true) then return nil end
  local body = json.decode(data)
  return of_event(body, data) or name == "error" and of_answer(hidden_status(body), NONE, data) or nil
end

return { of_answer = of_answer, of_event = of_event, first = first_failure }
