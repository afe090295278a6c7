-- SPDX-License-Identifier: Apache-2.0
--- What went wrong at a provider, out of its answer: the dialect reads it.

local clock = require "gateway.clock"
local errors = require "errors"
local json = require "gateway.json"

local upstream_fault = {}

local FAILURE_BYTES = 262144 -- of a failed answer: enough for its words

--- Header values a dialect may read of a failed answer.
local FAILURE_HEADERS = {
  "retry-after", "retry-after-ms", "x-should-retry", "content-type", "x-ratelimit-reset", "date", "x-amzn-errortype",
}

--- A failure of the provider, which is counted as one.
---@return Failure
function upstream_fault.blamed(failure)
  failure.error_type = failure.error_type or failure.status == 504 and "timeout" or "provider_error"
  return failure
end

--- The words of an error, so that they can be said again: what is no UTF-8 (compressed, cut, of another encoding) loses
--- its odd bytes.
---@param text string
---@return string
function upstream_fault.legible(text)
  if json.encode(text) then return text end
  return (text:gsub("[\128-\255]", "?"))
end

local SAID = { ["true"] = true, ["false"] = false }

local function milliseconds(text)
  return text and text:find "^%d+%.?%d*$" and tonumber(text) or nil
end

--- What of a failed answer's head its dialect reads.
---@param header fun(from: any, name: string): string?
---@param from any
---@return table<string, string>
function upstream_fault.headers(header, from)
  local headers = {}
  for _, name in ipairs(FAILURE_HEADERS) do headers[name] = header(from, name) end
  return headers
end

--- What a failed answer says.
---@param headers table<string, string> of upstream_fault.headers
---@param text string its body, or the beginning
---@return Failure
function upstream_fault.read(dialect, status, headers, text)
  local failure = dialect.failure(status, headers, upstream_fault.legible(text), clock.now())
  failure.upstream_status = status
  failure.should_retry = SAID[headers["x-should-retry"]]
  failure.retry_after_ms = milliseconds(headers["retry-after-ms"])
  return failure
end

--- A failed answer.
---@return Failure
function upstream_fault.answer(dialect, reply, status)
  local headers = upstream_fault.headers(reply.header, reply)
  local failure = upstream_fault.read(dialect, status, headers, reply:body(FAILURE_BYTES))
  failure.headers = reply:passed()
  return upstream_fault.blamed(failure)
end

--- An event that is an error, in words or by its name alone.
---@param read (fun(name: string, data: string): Failure?)? the dialect's
---@return Failure?
function upstream_fault.of_event(read, name, data)
  local failure = read and read(name, data)
  if not failure and name == "error" then failure = errors.stream_error end
  return failure and upstream_fault.blamed(failure)
end

--- A 200 that carries an error, as the whole answer or in a stream before any content, is a failure like any other.
---@param streams boolean
---@param answered string? a member that good whole answers have
---@return Failure?
function upstream_fault.hidden(dialect, reply, streams, answered)
  if streams then
    return upstream_fault.of_event(dialect.first_failure, reply:opening())
  end
  if reply:has "error" and not (answered and reply:has(answered)) then
    return upstream_fault.answer(dialect, reply, 502)
  end
end

return upstream_fault
