-- SPDX-License-Identifier: Apache-2.0

local routing = require "spec.support.routing"
local spec = require "gateway.spec"

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
    spec.seed(3)
    local first, second = 0, 0
    for _ = 1, 20000 do
      local names = routing.names(routing.order(plan))
      if names:find "^b" then first = first + 1 end
      if names:find "^%a %a c" then second = second + 1 end
    end
    assert.is_true(math.abs(first / 20000 - 0.75) < 0.02)
    assert.is_true(math.abs(second / 20000 - 0.9) < 0.02)
  end)

  it("shares evenly without weights, and drains those of weight 0 with them", function()
    local even = routing.targets "a b"
    spec.seed(4)
    assert.is_true(math.abs(routing.shares(routing.plan(conf, even), 10000).a - 0.5) < 0.03)
    local drained = routing.targets("a b c", { b = { weight = 1 }, c = { priority = 1 } })
    assert.equal("b", routing.names(routing.order(routing.plan(conf, drained))))
  end)
end)
