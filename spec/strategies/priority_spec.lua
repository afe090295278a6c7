-- SPDX-License-Identifier: Apache-2.0

local routing = require "spec.support.routing"

local conf = routing.conf "priority"

describe("the strategy priority", function()
  it("asks the lowest tier, then the next", function()
    local targets = routing.targets("c a b", { c = { priority = 9 }, a = { priority = -1 } })
    assert.equal("a b c", routing.names(routing.order(routing.plan(conf, targets))))
  end)

  it("shares each tier by weight", function()
    local targets = routing.targets("a b c d", {
      a = { weight = 1 }, b = { weight = 3 }, c = { priority = 1, weight = 9 }, d = { priority = 1, weight = 1 },
    })
    local plan = routing.plan(conf, targets)
    assert.equal("a b d c", routing.names(routing.order(plan, { random = routing.chances(0.2, 0.95) })))
    assert.equal("b a c d", routing.names(routing.order(plan, { random = routing.chances(0.3, 0.5) })))
  end)

  it("shares evenly without weights, and drains those of weight 0 with them", function()
    local even = routing.plan(conf, routing.targets "a b")
    assert.equal("a b", routing.names(routing.order(even, { random = routing.chances(0.49) })))
    assert.equal("b a", routing.names(routing.order(even, { random = routing.chances(0.51) })))
    local drained = routing.targets("a b c", { b = { weight = 1 }, c = { priority = 1 } })
    assert.equal("b", routing.names(routing.order(routing.plan(conf, drained))))
  end)
end)
