-- SPDX-License-Identifier: Apache-2.0

local routing = require "spec.support.routing"

local targets = routing.targets "a b c"

local VARIANTS = {
  { target_key = "a", weight = 9, label = "control" }, { target_key = "b", weight = 1, label = "new" },
}

describe("the strategy ab-test", function()
  local plan = routing.plan(routing.conf("ab-test", { ab_variants = VARIANTS }), targets)

  local function of_user(user)
    return routing.order(plan, { call = routing.call { body = { user = user } } }).label
  end

  it("tells the variant's label and asks its target first", function()
    local call = routing.call()
    local order = routing.order(plan, { call = call, random = routing.chances(0.95) })
    assert.equal("new", order.label)
    assert.same({ "new" }, call.variants)
    assert.equal("b a c", routing.names(order))
    assert.equal("a b c", routing.names(routing.order(plan, { random = routing.chances(0.1) })))
  end)

  it("keeps a user with a variant", function()
    local seen = {}
    for i = 1, 50 do
      local label = of_user("user-" .. i)
      assert.equal(label, of_user("user-" .. i))
      seen[label] = true
    end
    assert.same({ control = true, new = true }, seen)
  end)

  it("goes by the key where there is no user, and by chance alone when told so", function()
    local label = routing.order(plan, { call = routing.call { key = "k" } }).label
    for _ = 1, 20 do assert.equal(label, routing.order(plan, { call = routing.call { key = "k" } }).label) end
    local chance = routing.plan(routing.conf("ab-test", { ab_variants = VARIANTS }, { by = { "random" } }), targets)
    local call = routing.call { key = "k" }
    assert.equal("control", routing.order(chance, { call = call, random = routing.chances(0.1) }).label)
    assert.equal("new", routing.order(chance, { call = call, random = routing.chances(0.99) }).label)
  end)

  it("draws among the variants that serve the model", function()
    local less = routing.plan(routing.conf("ab-test", { ab_variants = VARIANTS }), targets, { without = { a = true } })
    local order = routing.order(less, { random = routing.chances(0.1) })
    assert.equal("new", order.label)
    assert.equal("b c", routing.names(order))
  end)

  it("has no label where no variant serves the model", function()
    local less = routing.plan(routing.conf("ab-test", { ab_variants = VARIANTS }), targets,
      { without = { a = true, b = true } })
    local order = routing.order(less)
    assert.is_falsy(order.label)
    assert.equal("c", routing.names(order))
  end)

  it("drains a variant of weight 0: its target is not asked after others either", function()
    local drained = routing.plan(routing.conf("ab-test", { ab_variants = {
      { target_key = "a", weight = 1 }, { target_key = "b", weight = 0 },
    } }), targets)
    local order = routing.order(drained, { random = routing.chances(0.99) })
    assert.equal("a", order.label)
    assert.equal("a c", routing.names(order))
  end)
end)
