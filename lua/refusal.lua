-- SPDX-License-Identifier: Apache-2.0
--- How a failure reaches the client: in its own dialect, with what it may know of when to come again, after the plugins
--- have looked at it.

local faces = require "faces"
local passage = require "passage"
local streaming = require "streaming"

local LONGEST_RETRY_AFTER = 86400 -- seconds; more is nonsense or an attack (gateway-api 2.2)

local refusal = {}

--- What the client may see of the upstream's head, with Retry-After in whole seconds.
---@param failure Failure
---@return table<string, string>
function refusal.headers(failure)
  local headers = {}
  for name, value in pairs(failure.headers or {}) do
    if name:lower() ~= "retry-after" then headers[name] = value end
  end
  local seconds = failure.retry_after
  if not seconds and failure.status == 429 then seconds = 1 end
  if failure.code == "insufficient_quota" then headers["X-Should-Retry"] = "false" end
  if seconds then headers["Retry-After"] = ("%d"):format(math.min(math.ceil(seconds), LONGEST_RETRY_AFTER)) end
  return headers
end

--- Answers with a failure. No content has reached the client yet.
---@param call table
---@param request Request
---@param failure Failure
function refusal.send(call, request, failure)
  if request.visit then failure = passage.failed(request.visit, failure) end
  call:note_error(failure.plugin and failure.error_type, failure.code)
  if failure.rejected then call:note_rejected() end
  if call:begun() then return streaming.refuse(call, request, failure) end
  if request.surface.face then return faces.refuse(call, request, failure, refusal.headers(failure)) end
  call:refuse(failure.status, failure.type, failure.code, failure.message, failure.param, refusal.headers(failure))
end

return refusal
