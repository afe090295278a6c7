-- SPDX-License-Identifier: Apache-2.0

local routing = require "spec.support.routing"

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

  it("moves the users of a target that is gone, and no others", function()
    local before = firsts(routing.plan(conf, targets), 100)
    local after, moved = firsts(routing.plan(conf, targets, { without = { c = true } }), 100), 0
    for i, name in ipairs(before) do
      if name == "c" then moved = moved + 1 end
      assert.equal(name ~= "c", name == after[i])
    end
    assert.is_true(moved > 0)
  end)

  it("takes a weight of 0 for a drain", function()
    local plan = routing.plan(conf, routing.targets("a b c", { a = { weight = 3 }, b = { weight = 1 } }))
    for _, name in ipairs(firsts(plan, 50)) do assert.not_equal("c", name) end
    assert.is_nil(routing.names(routing.order(plan, { call = routing.call { key = "k" } })):find "c")
  end)

  it("asks everybody in the end", function()
    local names = routing.names(routing.order(routing.plan(conf, targets), { call = routing.call { key = "k" } }))
    assert.equal(#NAMES, #names)
  end)

  it("takes the first of what it goes by that there is", function()
    local by = routing.plan(routing.conf("sticky", nil, { by = { "header", "key" }, header = "X-Chat" }), targets)
    local function first(given) return routing.order(by, { call = routing.call(given) }):next().name end
    local with_header = first { headers = { ["x-chat"] = "7" }, key = "one" }
    assert.equal(with_header, first { headers = { ["x-chat"] = "7" }, key = "two" })
    assert.equal(first { key = "seven" }, first { key = "seven", headers = {} })
  end)
end)
