-- SPDX-License-Identifier: Apache-2.0
--- What a plugin's reject means to the client (gateway-api 2.2).

local TYPES = {
  [401] = "authentication_error", [402] = "insufficient_quota", [403] = "permission_error", [429] = "rate_limit_error",
}

local DEFAULTS = {
  before = { status = 400, code = "request_rejected" },
  limited = { status = 429, code = "rate_limit_exceeded" },
  after = { status = 502, code = "response_rejected" },
}

local verdict = {}

local function is_after(hook)
  return hook == "after_request" or hook == "on_chunk"
end

local function default_of(step, hook)
  if is_after(hook) then return DEFAULTS.after end
  return step.type == "ratelimit" and DEFAULTS.limited or DEFAULTS.before
end

local function type_of(status, hook)
  if is_after(hook) then return "upstream_error" end
  return TYPES[status] or status < 500 and "invalid_request_error" or "server_error"
end

local function message_of(given, step, hook)
  if given.message then return given.message end
  local who = is_after(hook) and "response rejected by %s" or "request rejected by %s (%s)"
  local text = who:format(step.name, hook)
  return given.reason and text .. ": " .. given.reason or text
end

--- The headers without Retry-After, and its seconds.
local function split_headers(given)
  local headers, seconds = {}, nil
  for name, value in pairs(given.headers or {}) do
    if name:lower() == "retry-after" then seconds = tonumber(value) else headers[name] = value end
  end
  return headers, seconds
end

--- The failure that a reject stands for.
---@param given Verdict
---@param step Step
---@param hook string
---@return Failure
function verdict.rejection(given, step, hook)
  local default = default_of(step, hook)
  local status = given.status or default.status
  local headers, seconds = split_headers(given)
  return {
    status = status, type = type_of(status, hook), code = given.code or default.code,
    message = message_of(given, step, hook), retry_after = seconds, headers = headers, final = true,
    plugin = step.name, rejected = true, limited = step.type == "ratelimit",
  }
end

return verdict
