-- SPDX-License-Identifier: Apache-2.0
local spec = require "gateway.spec"

local ANN = { id = "key-ann" }

local function ask(plugin, given)
  local request = spec.request(given or { text = "hi" })
  return plugin:before_request(request), request
end

local function message_of(verdict)
  return verdict and verdict.message
end

--- Time passes until all buckets are full again.
spec.clock(1700000000)
local function all_full() spec.clock_advance(24 * 3600 * 1000) end

describe("rate-limit", function()
  before_each(all_full)

  it("lets a burst pass, then as many a second as configured", function()
    local plugin = spec.plugin("rate-limit", { requests_per_second = 2, burst = 3 })
    for _ = 1, 3 do assert.is_nil((ask(plugin))) end
    local verdict = ask(plugin)
    assert.are.same({ 429, "rate_limit_error", "rate_limit_exceeded" }, { verdict.status, verdict.type, verdict.code })
    assert.are.equal("request rejected by rate-limit (before_request): rate limit exceeded", verdict.message)
    assert.are.equal(1, verdict.retry_after)
    spec.clock_advance(500)
    assert.is_nil((ask(plugin)))
    assert.is_truthy((ask(plugin)))
  end)

  it("lets 100 a second pass by default", function()
    local plugin = spec.plugin("rate-limit", {})
    for _ = 1, 100 do assert.is_nil((ask(plugin))) end
    assert.is_truthy((ask(plugin)))
  end)

  it("takes a burst of nothing for one of a second", function()
    local plugin = spec.plugin("rate-limit", { requests_per_second = 2, burst = 0 })
    for _ = 1, 2 do assert.is_nil((ask(plugin))) end
    assert.is_truthy((ask(plugin)))
  end)

  it("counts each key by itself, and nobody without one", function()
    local plugin = spec.plugin("rate-limit", { key_rpm = 1 })
    local reason = "request rejected by rate-limit (before_request): per-key rate limit exceeded"
    assert.is_nil((ask(plugin, { key = ANN })))
    assert.are.equal(reason, message_of(ask(plugin, { key = ANN })))
    assert.is_nil((ask(plugin, { key = { id = "key-bob" } })))
    for _ = 1, 3 do assert.is_nil((ask(plugin))) end
  end)

  it("counts each user by itself, and nobody who names none", function()
    local plugin = spec.plugin("rate-limit", { user_rpm = 1 })
    local reason = "request rejected by rate-limit (before_request): per-user rate limit exceeded"
    local function as(user) return { body = { model = "m", messages = {}, user = user } } end
    assert.is_nil((ask(plugin, as "ann")))
    assert.are.equal(reason, message_of(ask(plugin, as "ann")))
    assert.is_nil((ask(plugin, as "bob")))
    for _ = 1, 3 do assert.is_nil((ask(plugin, as ""))) end
    assert.is_nil((ask(plugin, as(("x"):rep(100000)))))
    assert.are.equal(reason, message_of(ask(plugin, as(("x"):rep(100000)))))
  end)

  it("asks for all, for the key, for the user, and takes nothing for a refused request", function()
    local plugin = spec.plugin("rate-limit", { requests_per_minute = 3, key_rpm = 2 })
    local function reason(given) return (message_of(ask(plugin, given)) or "passed"):match "[%a -]+$" end
    assert.are.equal("passed", reason { key = ANN })
    assert.are.equal("passed", reason { key = ANN })
    for _ = 1, 5 do assert.are.equal(" per-key rate limit exceeded", reason { key = ANN }) end
    assert.are.equal("passed", reason {})
    assert.are.equal(" rate limit exceeded", reason { key = ANN })
  end)

  it("tells how much is left of the nearest limit", function()
    local plugin = spec.plugin("rate-limit", { key_rpm = 60, tokens_per_minute = 600 })
    local _, request = ask(plugin, { key = ANN, body = { model = "m", messages = {}, max_tokens = 100 } })
    assert.are.same({
      ["x-ratelimit-limit-requests"] = "60", ["x-ratelimit-remaining-requests"] = "59",
      ["x-ratelimit-reset-requests"] = "1s",
      ["x-ratelimit-limit-tokens"] = "600", ["x-ratelimit-remaining-tokens"] = "500",
      ["x-ratelimit-reset-tokens"] = "10s",
    }, request.headers_put)
  end)

  it("writes times as OpenAI does", function()
    local plugin = spec.plugin("rate-limit", { requests_per_second = 1000, requests_per_minute = 1 })
    local _, request = ask(plugin)
    assert.are.equal("1m0s", request.headers_put["x-ratelimit-reset-requests"])
    plugin = spec.plugin("rate-limit", { requests_per_second = 50 })
    _, request = ask(plugin)
    assert.are.equal("20ms", request.headers_put["x-ratelimit-reset-requests"])
  end)
end)

describe("rate-limit of tokens", function()
  local plugin

  before_each(function()
    all_full()
    plugin = spec.plugin("rate-limit", { tokens_per_minute = 1000 })
  end)

  local function left(request) return tonumber(request.headers_put["x-ratelimit-remaining-tokens"]) end

  local function body(more)
    more.model, more.messages = "m", { { role = "user", content = ("x"):rep(400) } }
    return { body = more }
  end

  it("reserves a quarter of the characters and what the answer may have", function()
    local _, request = ask(plugin, body {})
    assert.are.equal(900, left(request))
    _, request = ask(plugin, body { max_tokens = 200 })
    assert.are.equal(600, left(request))
    _, request = ask(plugin, body { max_tokens = 1, max_completion_tokens = 50, n = 2 })
    assert.are.equal(400, left(request))
  end)

  it("replaces the reservation by what was used", function()
    local _, request = ask(plugin, body { max_tokens = 800 })
    local usage = { prompt_tokens = 90, completion_tokens = 10, total_tokens = 100 }
    plugin:after_request(request, spec.answer { usage = usage })
    _, request = ask(plugin, body { max_tokens = 700 })
    assert.are.equal(100, left(request))
    plugin:after_request(request, spec.answer { usage = { total_tokens = 1900 } })
    local verdict = ask(plugin, body { max_tokens = 1 })
    assert.are.equal("request rejected by rate-limit (before_request): token rate limit exceeded", verdict.message)
    assert.are.equal(67, verdict.retry_after) -- 1101 tokens at 1000 a minute
  end)

  it("gives the reservation back when the request fails", function()
    local _, request = ask(plugin, body { max_tokens = 900 })
    plugin:on_error(request, { status = 502 })
    _, request = ask(plugin, body { max_tokens = 900 })
    assert.are.equal(0, left(request))
  end)

  it("keeps it where nobody counted", function()
    local _, request = ask(plugin, body { max_tokens = 400 })
    plugin:after_request(request, spec.answer { body = "{}" })
    _, request = ask(plugin, body {})
    assert.are.equal(400, left(request))
  end)

  it("charges nothing for an answer from the cache", function()
    local _, request = ask(plugin, body { max_tokens = 900 })
    request.ctx.state.cache_hit = true
    plugin:after_request(request, spec.answer { text = "kept" })
    _, request = ask(plugin, body {})
    assert.are.equal(900, left(request))
  end)

  it("lets a request that is larger than the limit pass when nothing else was used", function()
    assert.is_nil((ask(plugin, body { max_tokens = 50000 })))
    assert.is_truthy((ask(plugin, body {})))
  end)
end)

describe("rate-limit's configuration", function()
  it("refuses rates that are not above 0", function()
    local function problem(conf)
      local _, message = pcall(spec.plugin, "rate-limit", conf)
      return message
    end
    assert.is_truthy(problem { key_rpm = 0 }:find("rate-limit: key_rpm must be > 0, got 0", 1, true))
    assert.is_truthy(problem { requests_per_second = -1 }:find("requests_per_second must be > 0, got -1", 1, true))
    assert.is_truthy(problem { burst = -1 }:find("must not be negative, got -1", 1, true))
  end)
end)
