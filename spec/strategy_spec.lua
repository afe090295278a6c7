-- SPDX-License-Identifier: Apache-2.0

local routing = require "spec.support.routing"
local spec = require "gateway.spec"

local strategy = spec.module "strategy"

local targets = routing.targets "a b c d"

local function never() return false end

--- What is asked, where every target fails.
local function asked(conf, options, passes)
  return routing.names(routing.order(routing.plan(conf, targets, options), options), passes)
end

--- The order of a strategy made for the purpose.
local function order_of(choose, passes)
  return asked({ mode = "made" }, { strategies = { made = choose } }, passes)
end

describe("an order of targets", function()
  it("is the strategy's", function()
    assert.equal("a b c d", asked { mode = "fallback" })
    assert.equal("d b", order_of(function(list) return { list[4], list[2] } end))
  end)

  it("begins where the strategy says and goes round", function()
    assert.equal("c d a b", order_of(function(list) return list, 3 end))
    assert.equal("d a b c", order_of(function(list) return list, 4 end))
  end)

  it("may be empty", function()
    assert.equal("", order_of(function() return {} end))
  end)

  it("ends after the first that was asked when it is named", function()
    assert.equal("a", asked { mode = "single" })
    local named = { name = "made", named = true, choose = function(list) return list end }
    assert.equal("a", order_of(named))
    assert.equal("a b c d", order_of(named, never))
    assert.equal("a b c", order_of(named, function(target) return target.name == "c" end))
  end)

  it("goes on with what the strategy has more, nobody twice", function()
    local turns = {}
    assert.equal("c a b d", order_of {
      name = "made", choose = function(list) return { list[3] } end,
      more = function(list, _, turn)
        turns[#turns + 1] = turn
        if turn == 2 then return list end
      end,
    })
    assert.same({ 2, 3 }, turns)
  end)

  it("has an end, whatever a strategy has more", function()
    local again = function(list) return list end
    assert.equal("a b c d", order_of { name = "made", choose = again, more = again })
  end)

  it("holds those alone that serve the model", function()
    assert.equal("a c d", asked({ mode = "fallback" }, { without = { b = true } }))
  end)

  it("of wrong things is the strategy's fault", function()
    for choose, words in pairs {
      [function() end] = "strategies/made.lua: returned a nil in place of a list of targets",
      [function() return { "a" } end] = "strategies/made.lua: returned what is none of the given targets",
      [function() return { { name = "z" } } end] = "strategies/made.lua: returned what is none of the given targets",
      [function(list) return list, 5 end] = "strategies/made.lua: returned 5 as the first of 4 targets",
      [function(list) return list, 0 end] = "strategies/made.lua: returned 0 as the first of 4 targets",
      [function(list) return list, 1.5 end] = "strategies/made.lua: returned 1.5 as the first of 4 targets",
    } do
      assert.has_error(function() order_of(choose) end, words)
    end
  end)

  it("of found targets leads to those that are found", function()
    local conf = routing.conf("conditional", { conditions = { { key = "model", value = "m", target_key = "z" } } })
    local root, problem = strategy.build({ strategy = conf, targets = "auto" }, targets, routing.strategies())
    assert.is_nil(root)
    assert.equal('strategy: conditions[0]: target_key "z" names no configured target; declared targets: a, b, c, d',
      problem)
  end)

  it("cannot begin with a strategy that does not open", function()
    local broken = { name = "made", choose = function() end, open = function() error "no way" end }
    local root, problem = strategy.build({ strategy = { mode = "made" } }, targets, { made = broken })
    assert.is_nil(root)
    assert.is_truthy(problem:find "^%S+%.lua:%d+: no way$" or problem:find "no way", problem)
  end)

  it("of a plan without a strategy is the plan's", function()
    local plan = { routes = { [targets[2]] = {} }, targets = { targets[2] } }
    assert.equal("b", routing.names(routing.order(plan)))
  end)
end)

describe("groups", function()
  local function group(name, mode, ...) return { name = name, strategy = { mode = mode }, members = { ... } } end

  it("are asked from beginning to end when it is their turn", function()
    local tree = { "a", group("g", "fallback", "b", "c"), "d" }
    assert.equal("a b c d", asked({ mode = "fallback" }, { tree = tree }))
  end)

  it("in groups have their turn, too", function()
    local tree = { group("g", "fallback", "b", group("h", "backwards", "c", "d")), "a" }
    local backwards = function(list) return { list[2], list[1] } end
    assert.equal("b d c a", asked({ mode = "fallback" }, { tree = tree, strategies = { backwards = backwards } }))
  end)

  it("are not looked into before", function()
    local looked = 0
    local look = function(list)
      looked = looked + 1
      return list
    end
    local tree = { "a", group("g", "look", "b", "c"), "d" }
    local plan = routing.plan({ mode = "fallback" }, targets, { tree = tree, strategies = { look = look } })
    local order = routing.order(plan)
    assert.equal("a", order:next().name)
    assert.equal(0, looked)
    assert.equal("b", order:next().name)
    assert.equal(1, looked)
  end)

  it("with a named strategy give one target, and the others go on", function()
    local tree = { group("g", "single", "a", "b"), "c", "d" }
    assert.equal("a c d", asked({ mode = "fallback" }, { tree = tree }))
  end)

  it("of a named strategy are its one target", function()
    local tree = { group("g", "fallback", "a", "b"), "c" }
    assert.equal("a b", asked({ mode = "single" }, { tree = tree }))
  end)

  it("that was asked deep inside ends a named strategy", function()
    local tree = { group("g", "fallback", "a", group("h", "fallback", "b")), "c" }
    local named = { name = "made", named = true, choose = function(list) return list end }
    assert.equal("a b", asked({ mode = "made" }, { tree = tree, strategies = { made = named } },
      function(target) return target.name == "a" end))
    assert.equal("a b c", asked({ mode = "made" }, { tree = tree, strategies = { made = named } }, never))
  end)

  it("without a target for the model are not there", function()
    local tree = { group("g", "fallback", "a", "b"), "c" }
    assert.equal("c", asked({ mode = "single" }, { tree = tree, without = { a = true, b = true } }))
  end)

  it("are as quick as their best and as busy as all of their targets", function()
    local told = {}
    local strategies = { look = function(list, request)
      for _, what in ipairs { "latency", "in_flight", "queued", "p95", "remaining", "age" } do
        told[what] = { unpack(request:figures(what)) }
      end
      told.least = { request:least("latency", 2, 1) }
      told.loaded = { request:least("latency", 2, 1, true) }
      told.one = request:figure("latency", 2)
      return list
    end }
    spec.clock(1000000)
    local cells = routing.routes(targets)
    routing.run(cells.b.cell, 300)
    routing.run(cells.c.cell, 100)
    routing.run(cells.a.cell, 150)
    assert(cells.b.cell:enter(nil))
    assert(cells.c.cell:enter(nil))
    local tree = { "a", group("g", "fallback", "b", "c"), "d" }
    routing.order(routing.plan({ mode = "look" }, targets, { tree = tree, strategies = strategies, routes = cells }))
    spec.clock()
    assert.same({ 150, 100, -1 }, told.latency)
    assert.same({ 0, 2, 0 }, told.in_flight)
    assert.same({ 3, 2, 1 }, told.least)
    assert.same({ 3, 1, 2 }, told.loaded)
    assert.equal(100, told.one)
    assert.equal(0, told.age[1])
    assert.equal(-1, told.remaining[2])
  end)

  it("see the client's body again behind an attempt", function()
    local tree = { "a", group("g", "fallback", "b") }
    local call = routing.call()
    routing.names(routing.order(routing.plan({ mode = "fallback" }, targets, { tree = tree }), { call = call }))
    assert.equal(1, call.restored)
  end)
end)

describe("a label", function()
  local function label(name)
    return function(list, request)
      request.label = name
      return list
    end
  end

  it("goes to the log", function()
    local call = routing.call()
    routing.order(routing.plan({ mode = "made" }, targets, { strategies = { made = label "x" } }), { call = call })
    assert.same({ "x" }, call.variants)
  end)

  it("inside a label is told with it", function()
    local call = routing.call()
    local tree = { { name = "g", strategy = { mode = "inner" }, members = { "a" } }, "b" }
    local plan = routing.plan({ mode = "made" }, targets,
      { tree = tree, strategies = { made = label "x", inner = label "y" } })
    routing.names(routing.order(plan, { call = call }))
    assert.same({ "x", "x/y" }, call.variants)
  end)

  it("is not noted while a request is explained", function()
    local call = routing.call()
    local plan = routing.plan({ mode = "made" }, targets, { strategies = { made = label "x" } })
    assert.equal("x", routing.order(plan, { call = call, notes = {} }).label)
    assert.same({}, call.variants)
  end)
end)
