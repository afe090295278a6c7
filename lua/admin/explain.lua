-- SPDX-License-Identifier: Apache-2.0
--- GET /admin/routing/explain?model=...: what would happen to a request, and why. Nobody is asked, nothing is counted.

local BOOLEANS = { ["true"] = true, ["1"] = true, ["false"] = false, ["0"] = false }

local function unescape(hex) return string.char(tonumber(hex, 16)) end

--- A parameter's value in plain letters; nil: it is not there, or empty.
local function parameter(call, name)
  local value = call:query(name)
  if not value or value == "" then return nil end
  return (value:gsub("+", " "):gsub("%%(%x%x)", unescape))
end

local function refuse(call, message, param)
  call:refuse(400, "invalid_request_error", "invalid_request", message, param)
end

local function explain(call, view)
  local model, stream = parameter(call, "model"), parameter(call, "stream") or "false"
  if not model then return refuse(call, "model is required: /admin/routing/explain?model=...", "model") end
  if BOOLEANS[stream] == nil then return refuse(call, "stream must be true or false", "stream") end
  local explained, failure = view.explain(call, {
    model = model, endpoint = parameter(call, "endpoint") or "chat", stream = BOOLEANS[stream],
  })
  if not explained then return refuse(call, failure.message, failure.param) end
  view.respond(call, 200, explained)
end

return { path = "/admin/routing/explain", GET = explain }
