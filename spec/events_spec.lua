-- SPDX-License-Identifier: Apache-2.0
local spec = require "gateway.spec"

local events = spec.module "events"

describe("events", function()
  it("are known by their subjects", function()
    events.emit("gateway.breaker.opened", { target = "a" })
    assert.is_false(events.wanted "gateway.request.completed")
  end)

  it("of another name are a mistake", function()
    assert.has_error(function() events.emit "gateway.breaker.open" end, 'there is no event "gateway.breaker.open"')
    assert.has_error(function() return events.wanted "x" end, 'there is no event "x"')
  end)
end)
