-- SPDX-License-Identifier: Apache-2.0
-- What strategies come to over many thousand requests. Their own specs (spec/strategies) judge every generation that
-- changes them and have to be quick: what takes many draws to tell stands here.

local routing = require "spec.support.routing"
local spec = require "gateway.spec"

local Routing = spec.module "routing"

--- Is `share` what it should be, give or take so much?
local function near(expected, share, most)
  assert.is_true(math.abs(share - expected) < most, ("%g, not %g"):format(share, expected))
end

--- The order of a request of each of many users.
local function users(plan, count)
  local number = 0
  return function()
    number = number + 1
    if number <= count then
      return number, routing.order(plan, { call = routing.call { body = { user = "user-" .. number } } })
    end
  end
end

--- Who is asked first for each of them.
local function firsts(plan, count)
  local list = {}
  for number, order in users(plan, count) do list[number] = order:next().name end
  return list
end

describe("the shares of ab-test", function()
  local plan = routing.plan(routing.conf("ab-test", { ab_variants = {
    { target_key = "a", weight = 9, label = "control" }, { target_key = "b", weight = 1, label = "new" },
  } }), routing.targets "a b c")

  it("are those of the weights within 1 % over 100,000 draws", function()
    spec.seed(6)
    near(0.1, routing.shares(plan, 100000).b, 0.01)
  end)

  it("are those of the weights over users, too", function()
    local count = 0
    for _, order in users(plan, 5000) do
      order:next()
      if order.label == "new" then count = count + 1 end
    end
    near(0.1, count / 5000, 0.02)
  end)
end)

describe("the shares of loadbalance", function()
  local conf = routing.conf "loadbalance"
  local targets = routing.targets("a b c d", { a = { weight = 5 }, b = { weight = 3 }, d = { weight = 2 } })

  it("keep to the weights within 1 % over 100,000 draws", function()
    spec.seed(7)
    local shares = routing.shares(routing.plan(conf, targets), 100000)
    for name, expected in pairs { a = 0.5, b = 0.3, d = 0.2 } do near(expected, shares[name], 0.01) end
    assert.is_nil(shares.c)
  end)

  it("are of what is left when a target does not serve the model", function()
    spec.seed(8)
    near(0.6, routing.shares(routing.plan(conf, targets, { without = { a = true } }), 20000).b, 0.02)
  end)
end)

describe("the shares of priority", function()
  local conf = routing.conf "priority"

  it("are those of the weights in each tier", function()
    local plan = routing.plan(conf, routing.targets("a b c d", {
      a = { weight = 1 }, b = { weight = 3 }, c = { priority = 1, weight = 9 }, d = { priority = 1, weight = 1 },
    }))
    spec.seed(3)
    local first, second = 0, 0
    for _ = 1, 20000 do
      local names = routing.names(routing.order(plan))
      if names:find "^b" then first = first + 1 end
      if names:find "^%a %a c" then second = second + 1 end
    end
    near(0.75, first / 20000, 0.02)
    near(0.9, second / 20000, 0.02)
  end)

  it("are even without weights", function()
    spec.seed(4)
    near(0.5, routing.shares(routing.plan(conf, routing.targets "a b"), 10000).a, 0.03)
  end)
end)

describe("the shares of rate-aware", function()
  local plan = routing.plan(routing.conf "rate-aware", routing.targets "a b c")
  local figures, figure = Routing.figures, Routing.figure

  after_each(function() Routing.figures, Routing.figure = figures, figure end)

  local function shares(left)
    Routing.figures = function() return left end
    Routing.figure = function(_, _, position) return left[position] end
    spec.seed(1)
    return routing.shares(plan, 6000)
  end

  it("are those of the better of two", function()
    local found = shares { 0.9, 0.5, 0.1 }
    near(2 / 3, found.a, 0.03)
    near(1 / 3, found.b, 0.03)
    assert.is_nil(found.c)
  end)

  it("spare whoever is nearly used up", function()
    assert.is_true(shares({ 0.01, 0.5, 0.04 }).b > 0.99)
  end)

  it("take whoever says nothing for full", function()
    near(2 / 3, shares({ -1, 0.5, 0.5 }).a, 0.03)
  end)
end)

describe("the shares of sticky", function()
  local NAMES = "a b c d e f g h i j"

  local conf = routing.conf("sticky", nil, { by = { "user", "key" } })
  local targets = routing.targets(NAMES)

  it("are even over users", function()
    local counts = {}
    for _, name in ipairs(firsts(routing.plan(conf, targets), 5000)) do counts[name] = (counts[name] or 0) + 1 end
    for name in NAMES:gmatch "%S" do assert.is_true(counts[name] > 400 and counts[name] < 600, name) end
  end)

  it("are even where nothing tells requests apart", function()
    spec.seed(5)
    local shares = routing.shares(routing.plan(conf, targets), 5000)
    for name in NAMES:gmatch "%S" do near(0.1, shares[name], 0.03) end
  end)

  it("move with the users of a target that is gone, and no others", function()
    local before = firsts(routing.plan(conf, targets), 2000)
    local after = firsts(routing.plan(conf, targets, { without = { c = true } }), 2000)
    local moved = 0
    for i, name in ipairs(before) do
      if name == "c" then
        moved = moved + 1
        assert.not_equal("c", after[i])
      else
        assert.equal(name, after[i])
      end
    end
    assert.is_true(moved > 140 and moved < 260, moved)
  end)

  it("keep to weights, and a weight of 0 is a drain", function()
    local plan = routing.plan(conf, routing.targets("a b c", { a = { weight = 3 }, b = { weight = 1 } }))
    local count = 0
    for _, name in ipairs(firsts(plan, 10000)) do
      if name == "a" then count = count + 1 end
      assert.not_equal("c", name)
    end
    near(0.75, count / 10000, 0.02)
  end)
end)
