-- SPDX-License-Identifier: Apache-2.0
--- What is said of a circuit breaker that has changed: a line in the log, and an event.

local events = require "events"
local log = require "gateway.log"

local circuit = {}

local SAID = {
  opened = { log.warn, "circuit opened", "gateway.breaker.opened" },
  ["half-open"] = { log.info, "circuit half-open", "gateway.breaker.half_open" },
  closed = { log.info, "circuit closed", "gateway.breaker.closed" },
}

--- Says that what a try did to a target has changed the breaker of the target's model.
---@param event "opened"|"half-open"|"closed"
---@param target Target
---@param model string? the provider's name of it; nil: the target's own breaker
function circuit.changed(event, target, model)
  local said, fields = SAID[event], { target = target.name, provider = target.provider.name, model = model }
  said[1](said[2], fields)
  events.emit(said[3], fields)
end

return circuit
