-- SPDX-License-Identifier: Apache-2.0

local routing = require "spec.support.routing"

local conf = routing.conf "loadbalance"
local targets = routing.targets("a b c d", { a = { weight = 5 }, b = { weight = 3 }, d = { weight = 2 } })

describe("the strategy loadbalance", function()
  local plan = routing.plan(conf, targets)

  local function order(unit)
    return routing.names(routing.order(plan, { random = routing.chances(unit) }))
  end

  it("begins where chance says, by weight, and goes round", function()
    assert.equal("a b d", order(0))
    assert.equal("a b d", order(0.499))
    assert.equal("b d a", order(0.5))
    assert.equal("d a b", order(0.8))
    assert.equal("d a b", order(0.9999999999999999))
  end)

  it("never asks a target of weight 0, not even last", function()
    assert.equal("", routing.names(routing.order(routing.plan(conf, routing.targets "c"))))
    assert.is_nil(order(0.3):find "c")
  end)

  it("goes on with what is left when a target does not serve the model", function()
    local less = routing.plan(conf, targets, { without = { a = true } })
    assert.equal("b d", routing.names(routing.order(less, { random = routing.chances(0.599) })))
    assert.equal("d b", routing.names(routing.order(less, { random = routing.chances(0.6) })))
  end)

  it("takes groups like targets", function()
    local tree = {
      { name = "g", weight = 1, strategy = { mode = "fallback" }, members = { "a", "b" } },
      { name = "h", weight = 0, strategy = { mode = "fallback" }, members = { "c" } }, "d",
    }
    local grouped = routing.plan(conf, targets, { tree = tree })
    assert.equal("a b d", routing.names(routing.order(grouped, { random = routing.chances(0.1) })))
    assert.equal("d a b", routing.names(routing.order(grouped, { random = routing.chances(0.5) })))
  end)

  it("explains weights and drains", function()
    local notes = {}
    routing.order(plan, { notes = notes })
    assert.equal("weight 5", notes[targets[1]])
    assert.equal("drained: weight 0", notes[targets[3]])
  end)
end)
