-- SPDX-License-Identifier: Apache-2.0

local routing = require "spec.support.routing"
local spec = require "gateway.spec"

local Routing = spec.module "routing"

describe("the strategy rate-aware", function()
  local targets = routing.targets "a b c"
  local plan = routing.plan(routing.conf "rate-aware", targets)
  local figures, figure = Routing.figures, Routing.figure
  local left

  before_each(function()
    Routing.figures = function() return left end
    Routing.figure = function(_, _, position) return left[position] end
  end)
  after_each(function() Routing.figures, Routing.figure = figures, figure end)

  local function shares(numbers)
    left = numbers
    spec.seed(1)
    return routing.shares(plan, 300)
  end

  it("asks the one of two that has more left", function()
    local found = shares { 0.9, 0.5, 0.1 }
    assert.is_true(found.a > 0.5 and found.b > 0.2)
    assert.is_nil(found.c)
  end)

  it("spares whoever is nearly used up", function()
    local found = shares { 0.01, 0.5, 0.04 }
    assert.is_true(found.b > 0.95, found.b)
  end)

  it("takes whoever says nothing for full", function()
    local found = shares { -1, 0.5, 0.5 }
    assert.is_true(found.a > 0.5, found.a)
  end)

  it("goes on with those that have most left, and asks everybody", function()
    left = { 0.2, 0.02, 0.6 }
    assert.equal("c a b", routing.names(routing.order(plan, { random = routing.chances(0.9, 0.1, 0.5) })))
    left = { 0, 0, 0 }
    assert.equal(5, #routing.names(routing.order(plan)))
  end)
end)
