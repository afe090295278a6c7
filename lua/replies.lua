-- SPDX-License-Identifier: Apache-2.0
--- JSON in and out of an admin handler.

local json = require "gateway.json"

local replies = {}

--- Answers with JSON that nobody keeps a copy of.
---@param call AdminCall
---@param status integer
---@param value any
---@param headers table<string, string>? more of them
function replies.respond(call, status, value, headers)
  local text, problem = json.encode(value)
  if not text then error("the answer " .. problem, 2) end
  local all = { ["Cache-Control"] = "no-store" }
  for name, content in pairs(headers or {}) do all[name] = content end
  call:respond(status, "application/json", text .. "\n", all)
end

--- The request's body as a value. Nil when it is not JSON: the client has been told then.
---@param call AdminCall
---@return any
function replies.read(call)
  local value, problem = json.decode(call:body())
  if problem then
    call:refuse(400, "invalid_request_error", "invalid_request", "The request body is not valid JSON: " .. problem)
    return nil
  end
  return value
end

return replies
