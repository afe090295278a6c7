-- SPDX-License-Identifier: Apache-2.0
local spec = require "gateway.spec"

local ANN, BOB = { id = "ann", name = "Ann" }, { id = "bob", name = "Bob" }
local START = 1700000000 -- Tuesday, 14 November 2023, 22:13:20 UTC
local HOUR, DAY = 3600, 86400

--- A dollar a thousand tokens, both ways.
local function budget(conf)
  conf.input_per_m_tokens, conf.output_per_m_tokens = 1000, 1000
  conf.wait = "0s"
  return spec.plugin("budget", conf)
end

local function ask(plugin, given)
  given = given or {}
  given.key = given.key or ANN
  given.body = given.body or { model = given.model or "m", messages = {}, max_tokens = given.max_tokens or 1 }
  local request = spec.request(given)
  return plugin:before_request(request), request
end

local function usage(prompt, completion)
  return spec.answer { usage = { prompt_tokens = prompt, completion_tokens = completion } }
end

--- One request that costs as many tenths of a cent. True when it was let pass.
local function spend(plugin, tokens, given)
  local verdict, request = ask(plugin, given)
  if not verdict then plugin:after_request(request, usage(0, tokens)) end
  return verdict == nil, verdict
end

describe("budget", function()
  local count = 0

  --- Each test has a store of its own.
  local function fresh(conf)
    count = count + 1
    conf.store_id = "test-" .. count
    return budget(conf)
  end

  before_each(function() spec.clock(START) end)
  after_each(function() spec.clock() end)

  it("refuses once the limit is spent", function()
    local plugin = fresh { spend_limit_usd = 1 }
    assert.is_true((spend(plugin, 400)))
    assert.is_true((spend(plugin, 500)))
    assert.is_true((spend(plugin, 334.5)))
    local passed, verdict = spend(plugin, 1)
    assert.is_false(passed)
    assert.are.same({ 402, "insufficient_quota", "insufficient_quota" }, { verdict.status, verdict.type, verdict.code })
    assert.are.equal("request rejected by budget (before_request): budget exceeded: spent $1.2345 of $1.00 limit",
      verdict.message)
  end)

  it("counts each key by itself, and nobody without one", function()
    local plugin = fresh { spend_limit_usd = 1 }
    assert.is_true((spend(plugin, 1000)))
    assert.is_false((spend(plugin, 1)))
    assert.is_true((spend(plugin, 1000, { key = BOB })))
    assert.is_nil(plugin:before_request(spec.request { text = "no key" }))
  end)

  it("counts input and output, and what came from a cache by its own price", function()
    local plugin = spec.plugin("budget", { store_id = "prices", spend_limit_usd = 1, input_per_m_tokens = 200,
      output_per_m_tokens = 800, cache_read_per_m_tokens = 20 })
    local _, request = ask(plugin)
    plugin:after_request(request, spec.answer { body = { usage = { prompt_tokens = 1000, completion_tokens = 1000,
      prompt_tokens_details = { cached_tokens = 500 } } } })
    local _, verdict = spend(plugin, 1, { max_tokens = 10000 })
    assert.is_nil(verdict) -- 0.1 + 0.8 + 0.01: nine cents are left, and the last of them may be claimed
    _, verdict = spend(plugin, 200)
    assert.is_nil(verdict)
    _, verdict = spend(plugin, 1)
    assert.is_truthy(verdict.message:find("spent $1.0708 of", 1, true))
  end)

  it("lets parallel requests claim no more than there is", function()
    local plugin = fresh { spend_limit_usd = 1 }
    local open = {}
    for i = 1, 10 do
      local verdict, request = ask(plugin, { max_tokens = 200, trace_id = "t" .. i })
      if not verdict then open[#open + 1] = request end
    end
    assert.are.equal(5, #open)
    plugin:on_error(open[1], { status = 502 })
    plugin:after_request(open[2], usage(0, 100))
    assert.is_nil((ask(plugin, { max_tokens = 300 })))
    assert.is_truthy((ask(plugin, { max_tokens = 200 })))
  end)

  it("lets one request at a time have the last of it", function()
    local plugin = fresh { spend_limit_usd = 1 }
    spend(plugin, 900)
    local verdict, request = ask(plugin, { max_tokens = 5000, trace_id = "first" })
    assert.is_nil(verdict)
    assert.is_truthy((ask(plugin, { max_tokens = 50, trace_id = "second" })))
    plugin:after_request(request, usage(0, 50))
    assert.is_nil((ask(plugin, { max_tokens = 5000, trace_id = "third" })))
  end)

  it("forgets a claim that nobody gave back", function()
    local plugin = fresh { spend_limit_usd = 1 }
    assert.is_nil((ask(plugin, { max_tokens = 1000 })))
    assert.is_truthy((ask(plugin, { max_tokens = 1 })))
    spec.clock_advance(1300 * 1000)
    local verdict, request = ask(plugin, { max_tokens = 1000 })
    assert.is_nil(verdict)
    spec.clock_advance(5000 * 1000) -- a very long answer
    plugin:after_request(request, usage(0, 400))
    assert.is_nil((ask(plugin, { max_tokens = 600 })))
    assert.is_truthy((ask(plugin, { max_tokens = 1 })))
  end)

  it("starts again with each window", function()
    for window, rest in pairs { hour = HOUR, day = 2 * HOUR, week = 5 * DAY + 2 * HOUR, month = 16 * DAY + 2 * HOUR } do
      spec.clock(START)
      local plugin = fresh { spend_limit_usd = 1, window = window }
      assert.is_true((spend(plugin, 1000)), window)
      assert.is_false((spend(plugin, 1)), window)
      spec.clock_advance((rest - HOUR) * 1000)
      assert.is_true((spend(plugin, 1)) == (window == "hour" and false), window)
      spec.clock_advance(HOUR * 1000)
      assert.is_true((spend(plugin, 1)), window)
    end
  end)

  it("never starts again without one", function()
    local plugin = fresh { spend_limit_usd = 1 }
    spend(plugin, 1000)
    spec.clock_advance(400 * DAY * 1000)
    assert.is_false((spend(plugin, 1)))
  end)

  it("has limits for teams and models beside", function()
    local plugin = fresh { team_header = "X-Team", limits = {
      { scope = "team", window = "day", spend_limit_usd = 1 }, { scope = "model", spend_limit_usd = 2 } } }
    local function by(team, model) return { headers = { ["X-Team"] = team }, model = model } end
    assert.is_true((spend(plugin, 1000, by("blue", "a"))))
    assert.is_false((spend(plugin, 1, by("blue", "b"))))
    assert.is_true((spend(plugin, 1000, by("red", "a"))))
    assert.is_false((spend(plugin, 1, by("green", "a"))))
    assert.is_true((spend(plugin, 1000, by(nil, "b"))))
    assert.is_false((spend(plugin, 1, by(nil, "b"))))
  end)

  it("takes the team from the key's name", function()
    local plugin = fresh { team_key_field = "name", limits = { { scope = "team", spend_limit_usd = 1 } } }
    assert.is_true((spend(plugin, 1000, { key = ANN })))
    assert.is_false((spend(plugin, 1, { key = { id = "other", name = "Ann" } })))
    assert.is_true((spend(plugin, 1, { key = BOB })))
  end)

  it("has prices for single models", function()
    local plugin = fresh { spend_limit_usd = 1, prices = { cheap = { output_per_m_tokens = 1 } } }
    assert.is_true((spend(plugin, 90000, { model = "cheap" })))
    assert.is_true((spend(plugin, 900)))
    local _, verdict = spend(plugin, 200)
    assert.is_nil(verdict)
    _, verdict = spend(plugin, 1)
    assert.is_truthy(verdict.message:find("spent $1.1900 of", 1, true))
  end)

  it("charges nothing for answers from the cache", function()
    local plugin = fresh { spend_limit_usd = 1 }
    local _, request = ask(plugin)
    request.ctx.state.cache_hit = true
    plugin:after_request(request, usage(0, 5000))
    assert.is_true((spend(plugin, 1)))
  end)

  it("is exact with prices below a millionth of a dollar", function()
    local plugin = spec.plugin("budget", { store_id = "exact", spend_limit_usd = 0.0015, input_per_m_tokens = 0.15 })
    for _ = 1, 999 do
      local verdict, request = ask(plugin)
      assert.is_nil(verdict)
      plugin:after_request(request, usage(10, 0))
    end
    local _, request = ask(plugin)
    plugin:after_request(request, usage(10, 0))
    assert.are.equal("budget exceeded: spent $0.0015 of $0.00 limit", (ask(plugin)).message:match "budget exceeded.*")
  end)

  it("refuses a limit without a price", function()
    assert.has_error(function() spec.plugin("budget", { spend_limit_usd = 1 }) end,
      "a spend limit is set and all rates are 0: set input_per_m_tokens, output_per_m_tokens, prices or catalog")
  end)

  it("counts by the catalog where no rate of its own is set", function()
    local plugin = spec.plugin("budget", { spend_limit_usd = 0.01, catalog = true, store_id = "catalog", wait = "0s" })
    local given = { price = { mode = "chat", input = "1000", output = "1000" } }
    local verdict, request = ask(plugin, given)
    assert.is_nil(verdict)
    plugin:after_request(request, spec.answer { usage = {
      prompt_tokens = 1, completion_tokens = 8, cost_usd = 0.009,
    } })
    given.max_tokens = 5
    verdict, request = ask(plugin, given)
    assert.is_nil(verdict, "the last of the money")
    assert.are.equal("budget exceeded: spent $0.0090 of $0.01 limit",
      (ask(plugin, { price = given.price, max_tokens = 5 })).message:match "budget exceeded.*")
    plugin:after_request(request, spec.answer { usage = { prompt_tokens = 0, completion_tokens = 0, cost_usd = 0 } })
  end)

  it("counts by its own rates where they are set, whatever the catalog says", function()
    local plugin = spec.plugin("budget", {
      spend_limit_usd = 1, catalog = true, input_per_m_tokens = 1000, store_id = "own", wait = "0s",
    })
    local _, request = ask(plugin, { price = { mode = "chat", input = "1", output = "1" } })
    plugin:after_request(request, spec.answer { usage = {
      prompt_tokens = 2000, completion_tokens = 0, cost_usd = 0.000002,
    } })
    assert.are.equal("budget exceeded: spent $2.0000 of $1.00 limit",
      (ask(plugin)).message:match "budget exceeded.*")
  end)

  it("does nothing without a limit", function()
    local verdict, request = ask(spec.plugin("budget", {}))
    assert.is_nil(verdict)
    assert.is_nil(request.ctx.state.budget)
  end)
end)
