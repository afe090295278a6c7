-- SPDX-License-Identifier: Apache-2.0

local routing = require "spec.support.routing"
local spec = require "gateway.spec"

local NAMES = "a b c d e f g h i j"

--- Who is asked first for each of many users.
local function firsts(plan, count)
  local list = {}
  for i = 1, count do
    list[i] = routing.order(plan, { call = routing.call { body = { user = "user-" .. i } } }):next().name
  end
  return list
end

describe("the strategy sticky", function()
  local conf = routing.conf("sticky", nil, { by = { "user", "key" } })
  local targets = routing.targets(NAMES)

  it("leads the same user to the same target", function()
    local plan = routing.plan(conf, targets)
    assert.same(firsts(plan, 100), firsts(plan, 100))
    assert.same(firsts(plan, 100), firsts(routing.plan(conf, routing.targets(NAMES)), 100))
  end)

  it("spreads users", function()
    local counts = {}
    for _, name in ipairs(firsts(routing.plan(conf, targets), 5000)) do counts[name] = (counts[name] or 0) + 1 end
    for name in NAMES:gmatch "%S" do assert.is_true(counts[name] > 400 and counts[name] < 600, name) end
  end)

  it("moves the users of a target that is gone, and no others", function()
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

  it("goes on with the one who would have been first", function()
    local plan = routing.plan(conf, targets)
    for i = 1, 50 do
      local call = routing.call { body = { user = "u" .. i } }
      local order = routing.order(plan, { call = call })
      local first, second = order:next(), order:next()
      local less = routing.plan(conf, targets, { without = { [first.name] = true } })
      assert.equal(second.name, routing.order(less, { call = call }):next().name)
    end
  end)

  it("asks everybody in the end", function()
    local names = routing.names(routing.order(routing.plan(conf, targets), { call = routing.call { key = "k" } }))
    assert.equal(#NAMES, #names)
  end)

  it("keeps to weights, and a weight of 0 is a drain", function()
    local weighted = routing.targets("a b c", { a = { weight = 3 }, b = { weight = 1 } })
    local plan, count = routing.plan(conf, weighted), 0
    for _, name in ipairs(firsts(plan, 10000)) do
      if name == "a" then count = count + 1 end
      assert.not_equal("c", name)
    end
    assert.is_true(math.abs(count / 10000 - 0.75) < 0.02, count)
    assert.is_nil(routing.names(routing.order(plan, { call = routing.call { key = "k" } })):find "c")
  end)

  it("takes the first of what it goes by that there is", function()
    local by = routing.plan(routing.conf("sticky", nil, { by = { "header", "key" }, header = "X-Chat" }), targets)
    local function first(given) return routing.order(by, { call = routing.call(given) }):next().name end
    local with_header = first { headers = { ["x-chat"] = "7" }, key = "one" }
    assert.equal(with_header, first { headers = { ["x-chat"] = "7" }, key = "two" })
    assert.equal(first { key = "seven" }, first { key = "seven", headers = {} })
  end)

  it("draws by chance whom nothing tells apart", function()
    spec.seed(5)
    local shares = routing.shares(routing.plan(conf, targets), 5000)
    for name in NAMES:gmatch "%S" do assert.is_true(math.abs(shares[name] - 0.1) < 0.03, name) end
  end)
end)
