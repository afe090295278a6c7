-- SPDX-License-Identifier: Apache-2.0

local routing = require "spec.support.routing"
local spec = require "gateway.spec"

local Routing = spec.module "routing"

local STREAM = { model = "m", stream = true }

describe("the strategy least-latency", function()
  local conf = routing.conf "least-latency"
  local targets, routes, plan

  before_each(function()
    spec.clock(1000000)
    spec.seed(11)
    targets = routing.targets "a b c"
    routes = routing.routes(targets)
    plan = routing.plan(conf, targets, { routes = routes })
  end)

  after_each(function() spec.clock() end)

  --- As many requests as these, each at whom the strategy asks first; the shares of who was.
  local function serve(count, times)
    local counts = { a = 0, b = 0, c = 0 }
    for _ = 1, count do
      local target = routing.order(plan):next()
      counts[target.name] = counts[target.name] + 1
      routing.run(routes[target.name].cell, times[target.name])
    end
    for name in pairs(counts) do counts[name] = counts[name] / count end
    return counts
  end

  local function settle(times)
    for name, milliseconds in pairs(times) do routing.run(routes[name].cell, milliseconds) end
  end

  it("asks whoever answers soonest, then the next", function()
    settle { a = 300, b = 100, c = 200 }
    assert.equal("b c a", routing.names(routing.order(plan, { random = routing.chances(0.9) })))
  end)

  it("draws while nobody has a time", function()
    local shares = routing.shares(plan, 3000)
    for _, name in ipairs { "a", "b", "c" } do assert.is_true(math.abs(shares[name] - 1 / 3) < 0.04, name) end
  end)

  it("asks those without a time first, but one that only fails not each time", function()
    settle { a = 100, b = 50 }
    assert.equal("c", routing.order(plan):next().name)
    for _ = 1, 20 do assert.not_equal("c", routing.order(plan, { random = routing.chances(0.9) }):next().name) end
    spec.clock_advance(1100)
    assert.equal("c", routing.order(plan):next().name)
  end)

  it("learns of everybody within as many requests", function()
    local many = routing.targets "a b c d e f g h"
    local cells = routing.routes(many)
    local pool, asked = routing.plan(conf, many, { routes = cells }), {}
    for _ = 1, 8 do
      local target = routing.order(pool, { random = routing.chances(0.9) }):next()
      asked[target.name] = true
      routing.run(cells[target.name].cell, 10)
    end
    for _, target in ipairs(many) do assert.is_true(asked[target.name], target.name) end
  end)

  it("leaves one that became ten times slower: 90 % within 50 requests", function()
    local shares = serve(200, { a = 100, b = 120, c = 130 })
    assert.is_true(shares.a > 0.8, shares.a)
    shares = serve(50, { a = 1000, b = 120, c = 130 })
    assert.is_true(shares.a <= 0.1, shares.a)
  end)

  it("finds one that has recovered", function()
    serve(100, { a = 100, b = 300, c = 300 })
    serve(50, { a = 5000, b = 300, c = 300 })
    serve(400, { a = 100, b = 300, c = 300 })
    local shares = serve(100, { a = 100, b = 300, c = 300 })
    assert.is_true(shares.a > 0.8, shares.a)
  end)

  it("tries those that were not asked for long with a small share alone", function()
    settle { a = 100, b = 500, c = 500 }
    local shares = serve(1000, { a = 100, b = 500, c = 500 })
    assert.is_true(shares.a > 0.9 and shares.a < 0.999, shares.a)
  end)

  it("does not bury the fastest", function()
    settle { a = 100, b = 150, c = 5000 }
    assert(routes.a.cell:enter(nil))
    assert.equal("b", routing.order(plan, { random = routing.chances(0.9) }):next().name)
    assert(routes.b.cell:enter(nil))
    assert.equal("a", routing.order(plan, { random = routing.chances(0.9) }):next().name)
  end)

  it("goes by the time to the first content for streams", function()
    local asked, least = {}, Routing.least
    Routing.least = function(_, what, _, _, loaded)
      asked[#asked + 1] = what .. (loaded and " loaded" or "")
      return nil, 3
    end
    local first = routing.order(plan, { request = STREAM, random = routing.chances(0.9) }):next().name
    routing.order(plan, { random = routing.chances(0.9) })
    Routing.least = least
    assert.equal("c", first)
    assert.same({ "first_token loaded", "latency loaded" }, asked)
  end)

  it("asks everybody in the end", function()
    settle { a = 1, b = 2 }
    assert.equal(5, #routing.names(routing.order(plan)))
  end)

  it("explains without trying anybody", function()
    settle { a = 100, b = 50 }
    local notes = {}
    for _ = 1, 3 do assert.equal("c", routing.order(plan, { notes = notes }):next().name) end
    assert.equal("50 ms", notes[targets[2]])
    assert.equal("no time yet", notes[targets[3]])
  end)
end)
