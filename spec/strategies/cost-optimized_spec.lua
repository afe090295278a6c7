-- SPDX-License-Identifier: Apache-2.0

local routing = require "spec.support.routing"
local spec = require "gateway.spec"

local catalog, cost = spec.module "catalog", spec.module "cost"

local targets = routing.targets "a b c d"

describe("the strategy cost-optimized", function()
  local function order(rows, options)
    options = options or {}
    local plan = routing.plan(routing.conf("cost-optimized", options.conf, options.config), targets,
      { routes = routing.priced(rows), surface = options.surface })
    return routing.names(routing.order(plan, options)), plan
  end

  local ROWS = { a = { input = "3" }, b = { input = "0.15" }, c = {}, d = false }

  it("asks the cheapest first, then those without a price as they are written", function()
    assert.equal("b a c d", order(ROWS))
  end)

  it("keeps the order of the configuration among equals", function()
    local row = { input = "1" }
    assert.equal("a b c d", (order { a = row, b = row, c = row, d = row }))
  end)

  it("asks nobody when none has a price and such are skipped", function()
    local skip = { conf = { unpriced_strategy = "skip" } }
    assert.equal("", (order({ a = {}, b = false, c = {}, d = {} }, skip)))
    assert.equal("b a c d", (order(ROWS, skip)))
  end)

  it("takes a model of the catalog without a price for free when that is allowed", function()
    assert.equal("c b a d", (order(ROWS, { conf = { unpriced_strategy = "allow" } })))
  end)

  it("compares the smallest prompts, too", function()
    local rows = { a = { input = "0.02" }, b = { input = "0.01" }, c = false, d = false }
    assert.equal("b a c d", (order(rows, { call = routing.call { tokens = 1 } })))
  end)

  it("goes by the price that a prompt of this size has", function()
    local rows = {
      a = { input = "1", tier_above = 200000, tier_input = "4" }, b = { input = "2" }, c = { input = "9" },
      d = { input = "9" },
    }
    local _, plan = order(rows)
    local function names(tokens)
      return routing.names(routing.order(plan, { call = routing.call { tokens = tokens } }))
    end
    assert.equal("a b c d", names(1000))
    assert.equal("a b c d", names(200000))
    assert.equal("b a c d", names(200001))
    assert.equal("a b c d", names(1000))
  end)

  it("counts an answer of the size that is expected", function()
    local rows = {
      a = { input = "1", output = "10" }, b = { input = "2", output = "2" }, c = { input = "9" }, d = false,
    }
    assert.equal("a b c d", (order(rows)))
    assert.equal("b a c d", (order(rows, { config = { output_tokens = 1000 } })))
  end)

  it("goes by images and characters where these are paid for", function()
    local function of(surface, more)
      return { request = more, surface = { name = surface, endpoint = surface } }
    end
    local rows = {
      a = { per_image = "0.04" }, b = { per_image = "0.02" }, c = { speech_per_1m_chars = "15" },
      d = { speech_per_1m_chars = "10" },
    }
    assert.equal("b a c d", (order(rows, of("images", { images = 2 }))))
    assert.equal("d c a b", (order(rows, of("speech", { characters = 100 }))))
  end)

  it("ranks vendors' models by the catalog's real prices", function()
    local models = {
      { "openai", "gpt-4o" }, { "openai", "gpt-4o-mini" }, { "anthropic", "claude-3-5-haiku-20241022" },
      { "groq", "llama-3.1-8b-instant" },
    }
    local rows, prices = {}, {}
    for i, each in ipairs(models) do
      local row = assert(catalog.row(each[1], each[2]), each[2])
      rows[targets[i].name] = row
      prices[targets[i].name] = assert(cost.price(row).input, each[2])
    end
    local names = {}
    for name in (order(rows)):gmatch "%S" do names[#names + 1] = name end
    for i = 2, #names do assert.is_true(prices[names[i - 1]] <= prices[names[i]]) end
    assert.equal("a", names[4])
  end)

  it("takes a group for as much as its cheapest target", function()
    local tree = { "a", { name = "g", strategy = { mode = "fallback" }, members = { "c", "b" } }, "d" }
    local plan = routing.plan(routing.conf "cost-optimized", targets,
      { tree = tree, routes = routing.priced { a = { input = "1" }, b = { input = "0.5" }, c = false, d = false } })
    assert.equal("c b a d", routing.names(routing.order(plan)))
  end)

  it("explains its prices", function()
    local notes = {}
    order(ROWS, { notes = notes, call = routing.call { tokens = 1000000 } })
    assert.equal("$3.000000", notes[targets[1]])
    assert.equal("its price is not known", notes[targets[4]])
  end)
end)
