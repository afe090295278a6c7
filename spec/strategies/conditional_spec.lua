-- SPDX-License-Identifier: Apache-2.0

local routing = require "spec.support.routing"
local spec = require "gateway.spec"

local targets = routing.targets "a b c"

--- 2026-03-02 is a Monday.
local MONDAY = 1772409600

describe("the strategy conditional", function()
  --- Who is asked where `condition` leads to b.
  local function first(condition, options)
    condition.target_key = "b"
    local plan = routing.plan(routing.conf("conditional", { conditions = { condition } }), targets, options)
    return routing.order(plan, options):next().name
  end

  local function holds(condition, options) assert.equal("b", first(condition, options)) end
  local function holds_not(condition, options) assert.equal("a", first(condition, options)) end

  local function request(more)
    local made = { model = "m", stream = false, surface = { name = "chat", endpoint = "chat" } }
    for name, value in pairs(more) do made[name] = value end
    return { request = made }
  end

  local function call(given) return { call = routing.call(given) } end

  it("asks the target of the first condition that holds, and nobody after it", function()
    local plan = routing.plan(routing.conf("conditional", { conditions = {
      { key = "model", value = "other", target_key = "c" }, { key = "model", value = "m", target_key = "b" },
      { key = "model_prefix", value = "m", target_key = "c" },
    } }), targets)
    assert.equal("b", routing.names(routing.order(plan)))
    assert.equal("b a c", routing.names(routing.order(plan), function() return false end))
  end)

  it("asks the first target where no condition holds", function()
    holds_not({ key = "model", value = "other" })
  end)

  it("passes over a condition whose target does not serve the model", function()
    local plan = routing.plan(routing.conf("conditional", { conditions = {
      { key = "model", value = "m", target_key = "b" }, { key = "model", value = "m", target_key = "c" },
    } }), targets, { without = { b = true } })
    assert.equal("c", routing.names(routing.order(plan)))
  end)

  it("goes by the model", function()
    holds { key = "model", value = { "x", "m" } }
    holds({ key = "model_prefix", value = "gpt-" }, { name = "gpt-4o" })
    holds_not({ key = "model_prefix", value = "gpt-" }, { name = "gp" })
    holds({ key = "model_prefix", value = "openai/" }, { name = "openai/m" })
    holds({ key = "model", value = "m" }, { name = "openai/m" })
  end)

  it("goes by headers", function()
    local tier = call { headers = { ["x-tier"] = "gold" } }
    holds({ key = "header", name = "X-Tier", value = "gold" }, tier)
    holds_not({ key = "header", name = "X-Tier", value = "silver" }, tier)
    holds({ key = "header", name = "X-Tier" }, tier)
    holds_not({ key = "header", name = "X-Other" }, tier)
  end)

  it("goes by who asks", function()
    holds({ key = "key", value = "k1" }, call { key = "k1", key_name = "app" })
    holds({ key = "key", value = "app" }, call { key = "k1", key_name = "app" })
    holds_not({ key = "key", value = "k1" }, call {})
    holds({ key = "user", value = "u" }, call { body = { user = "u" } })
    holds_not({ key = "user", value = "u" }, call {})
  end)

  it("goes by tags", function()
    holds({ key = "tag", value = "batch" }, call { headers = { ["x-gateway-tags"] = "eu, batch" } })
    holds({ key = "tag", value = { "x", "eu" } }, call { raw = { metadata = '{"tags":["eu"]}' } })
    holds({ key = "tag", value = "eu" }, call { raw = { metadata = '{"tags":"us,eu"}' } })
    holds_not({ key = "tag", value = "eu" }, call { headers = { ["x-gateway-tags"] = "europe" } })
  end)

  it("goes by the endpoint, or by what serves it", function()
    local messages = { surface = { name = "chat", endpoint = "messages" } }
    holds({ key = "endpoint", value = "messages" }, messages)
    holds({ key = "endpoint", value = "chat" }, messages)
    holds_not({ key = "endpoint", value = "embeddings" }, messages)
  end)

  it("goes by streams", function()
    holds({ key = "stream", value = true }, request { stream = true })
    holds_not { key = "stream", value = true }
    holds { key = "stream", value = false }
  end)

  it("goes by a number or a boolean in quotes as by one without", function()
    holds({ key = "min_tokens", value = "1000" }, call { tokens = 1000 })
    holds_not({ key = "min_tokens", value = "1000" }, call { tokens = 999 })
    holds { key = "stream", value = "false" }
    holds_not { key = "stream", value = "true" }
    holds { key = "tools", value = "false" }
  end)

  it("goes by tools", function()
    local with = call { body = { tools = {} }, kinds = { tools = "array" }, raw = { tools = '[{"type":"function"}]' } }
    holds({ key = "tools", value = true }, with)
    holds_not({ key = "tools", value = false }, with)
    holds({ key = "tools", value = false }, call { body = { tools = {} }, kinds = { tools = "array" },
      raw = { tools = "[ ]" } })
    holds { key = "tools", value = false }
  end)

  it("goes by about how long the prompt is", function()
    holds({ key = "min_tokens", value = 1000 }, call { tokens = 1000 })
    holds_not({ key = "min_tokens", value = 1000 }, call { tokens = 999 })
    holds({ key = "max_tokens", value = 1000 }, call { tokens = 1000 })
    holds_not({ key = "max_tokens", value = 1000 }, call { tokens = 1001 })
  end)

  it("wants every further test to hold", function()
    local also = { key = "model", value = "m", also = { { key = "header", name = "x", value = "1" } } }
    holds(also, call { headers = { x = "1" } })
    holds_not(also, call {})
  end)

  it("explains which condition holds", function()
    local notes = {}
    first({ key = "model", value = "m" }, { notes = notes })
    assert.equal("conditions[0] holds", notes[targets[2]])
  end)

  describe("at a time", function()
    after_each(function() spec.clock() end)

    local function at(value, day, hour)
      spec.clock(MONDAY + day * 86400 + hour * 3600)
      return first { key = "time", value = value } == "b"
    end

    it("holds in its hours", function()
      assert.is_true(at("08:00-18:00", 0, 8))
      assert.is_true(at("08:00-18:00", 6, 17.99))
      assert.is_false(at("08:00-18:00", 0, 18))
      assert.is_false(at("08:00-18:00", 0, 7.99))
      assert.is_true(at("00:00-24:00", 3, 23.99))
    end)

    it("holds on its days", function()
      assert.is_true(at("mon-fri", 0, 0))
      assert.is_true(at("mon-fri", 4, 23))
      assert.is_false(at("mon-fri", 5, 0))
      assert.is_true(at("sat-mon", 6, 1))
      assert.is_true(at("Mon,wed", 2, 1))
      assert.is_false(at("Mon,wed", 1, 1))
    end)

    it("holds in hours past midnight of the day they begin on", function()
      assert.is_true(at("mon 22:00-06:00", 0, 22))
      assert.is_true(at("mon 22:00-06:00", 1, 5.99))
      assert.is_false(at("mon 22:00-06:00", 1, 6))
      assert.is_false(at("mon 22:00-06:00", 0, 5))
      assert.is_false(at("mon 22:00-06:00", 1, 22))
      assert.is_true(at("sun 22:00-06:00", 7, 3))
    end)
  end)
end)
