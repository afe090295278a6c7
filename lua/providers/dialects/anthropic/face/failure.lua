-- SPDX-License-Identifier: Apache-2.0
--- Failures as Anthropic's clients read them: their types, and the statuses by which they decide to try again.

local json = require "gateway.json"
local random = require "gateway.random"

local KINDS = {
  [400] = { 400, "invalid_request_error" }, [401] = { 401, "authentication_error" },
  [402] = { 402, "billing_error" }, [403] = { 403, "permission_error" }, [404] = { 404, "not_found_error" },
  [405] = { 405, "invalid_request_error" }, [408] = { 504, "timeout_error" }, [409] = { 409, "conflict_error" },
  [413] = { 413, "request_too_large" }, [422] = { 400, "invalid_request_error" },
  [429] = { 429, "rate_limit_error" }, [500] = { 500, "api_error" }, [502] = { 500, "api_error" },
  [503] = { 529, "overloaded_error" }, [504] = { 504, "timeout_error" }, [529] = { 529, "overloaded_error" },
}
-- Where the gateway says no more than "bad gateway", an upstream that is busy makes clients wait longer.
local OVERLOADED = { [503] = 503, [529] = 529 }
local OTHER = { 500, "api_error" }
local TOO_LONG = "prompt is too long: "

local function kind_of(failure)
  if failure.code == "insufficient_quota" or failure.type == "insufficient_quota" then return KINDS[402] end
  if failure.code == "context_length_exceeded" then return KINDS[400] end
  local found = KINDS[failure.status == 502 and OVERLOADED[failure.upstream_status] or failure.status]
  if found then return found end
  local refused = failure.status and failure.status >= 400 and failure.status < 500
  return refused and { failure.status, "invalid_request_error" } or OTHER
end

--- Clients that make a conversation shorter look for these words.
local function message_of(failure)
  local message = failure.message or "the request failed"
  if failure.code ~= "context_length_exceeded" or message:find(TOO_LONG, 1, true) then return message end
  return TOO_LONG .. message
end

--- "req_" and what the log knows the request by.
---@param id string?
---@return string
local function request_id(id)
  return "req_" .. (id or random.hex(16))
end

--- The whole answer.
---@param failure Failure
---@param context FaceContext?
---@return integer status, string body, table headers
local function answer(failure, context)
  local kind, id = kind_of(failure), request_id(context and context.id)
  return kind[1], json.encode {
    type = "error", error = { type = kind[2], message = message_of(failure) }, request_id = id,
  }, { ["request-id"] = id }
end

-- What vendors call their errors where a stream has no status to tell.
local BY_WORD = {
  rate_limit_exceeded = 429, rate_limit_error = 429, requests = 429, tokens = 429, insufficient_quota = 402,
  overloaded = 529, overloaded_error = 529, service_unavailable = 529, upstream_timeout = 504, stream_timeout = 504,
  timeout_error = 504, invalid_request_error = 400, authentication_error = 401, permission_error = 403,
}

local function type_in_stream(failure)
  local status = failure.status or BY_WORD[failure.code] or BY_WORD[failure.type] or 500
  return kind_of { status = status, code = failure.code, type = failure.type }[2]
end

--- The error event that ends a stream.
---@param failure Failure status may be missing
---@return string bytes
local function event(failure)
  local body = json.encode {
    type = "error", error = { type = type_in_stream(failure), message = message_of(failure) },
  }
  return "event: error\ndata: " .. body .. "\n\n"
end

return { answer = answer, event = event, request_id = request_id }
