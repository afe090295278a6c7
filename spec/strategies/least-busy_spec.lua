-- SPDX-License-Identifier: Apache-2.0

local routing = require "spec.support.routing"
local spec = require "gateway.spec"

local conf = routing.conf "least-busy"

describe("the strategy least-busy", function()
  local function fill(routes, loads)
    for name, count in pairs(loads) do
      for _ = 1, count do assert(routes[name].cell:enter(nil)) end
    end
  end

  local function plan_of(names, loads, more)
    local targets = routing.targets(names, more)
    local routes = routing.routes(targets)
    fill(routes, loads)
    return routing.plan(conf, targets, { routes = routes })
  end

  it("asks whoever has the fewest requests in flight", function()
    assert.equal("c a b", routing.names(routing.order(plan_of("a b c", { a = 2, b = 3, c = 1 }))))
  end)

  it("draws among equals", function()
    local plan = plan_of("a b c", { a = 1 })
    spec.seed(2)
    local shares = routing.shares(plan, 3000)
    assert.is_nil(shares.a)
    assert.is_true(shares.b > 0.2 and shares.c > 0.2)
  end)

  it("counts for the weight", function()
    local more = { a = { weight = 1 }, b = { weight = 4 } }
    assert.equal("b", routing.order(plan_of("a b", { a = 1, b = 3 }, more)):next().name)
    assert.equal("a", routing.order(plan_of("a b", { a = 1, b = 8 }, more)):next().name)
  end)

  it("drains those of weight 0 where others have one", function()
    assert.equal("b", routing.names(routing.order(plan_of("a b", { b = 9 }, { b = { weight = 1 } }))))
  end)

  it("goes on with everybody", function()
    local names = routing.names(routing.order(plan_of("a b c d e f", { a = 1, b = 2, c = 3, d = 4, e = 5 })))
    assert.equal("f a b", names:sub(1, 5))
    assert.equal(#"a b c d e f", #names)
  end)

  it("knows nothing where nobody counts", function()
    assert.equal("a b", routing.names(routing.order(routing.plan(conf, routing.targets "a b"))))
  end)
end)
