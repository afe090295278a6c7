-- SPDX-License-Identifier: Apache-2.0
--- What happens in the gateway, told to whoever wants to know: plugins with on_event, and webhooks of the
--- configuration. Nothing here waits, and nothing is made of an event that nobody wants.

local metrics = require "gateway.metrics"

--- Every event there is, and whether gateway_events_total counts it: requests have a metric of their own, and their
--- events are made at their very end, by the runtime.
local SUBJECTS = {
  ["gateway.request.completed"] = false, ["gateway.request.failed"] = false,
  ["gateway.breaker.opened"] = true, ["gateway.breaker.closed"] = true, ["gateway.breaker.half_open"] = true,
  ["gateway.credential.disabled"] = true, ["gateway.credential.restored"] = true,
  ["gateway.target.unhealthy"] = true, ["gateway.target.healthy"] = true,
  ["gateway.reload.applied"] = true, ["gateway.reload.refused"] = true, ["gateway.reload.rolled_back"] = true,
}

local events = {}

--- Whether anybody listens: what is costly to tell need not be put together else.
---@param subject string
---@return boolean
function events.wanted(subject)
  if SUBJECTS[subject] == nil then error(("there is no event %q"):format(tostring(subject)), 2) end
  return false
end

--- Something has happened. Cheap, never waits, from anywhere in Lua.
---@param subject string
---@param fields table<string, any>? strings, numbers and booleans; no prompts, no answers, no secrets
function events.emit(subject, fields) -- luacheck: ignore fields
  local counted = SUBJECTS[subject]
  if counted == nil then error(("there is no event %q"):format(tostring(subject)), 2) end
  if counted then metrics.series("gateway_events_total", subject):add(1) end
end

return events
