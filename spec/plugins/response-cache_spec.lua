-- SPDX-License-Identifier: Apache-2.0
local json = require "gateway.json"
local shared = require "gateway.shared"
local spec = require "gateway.spec"

describe("response-cache", function()
  local cache
  local count = 0

  before_each(function()
    spec.clock(1700000000)
    cache = spec.plugin("response-cache", { max_age = 60 })
    count = count + 1
  end)
  after_each(function() spec.clock() end)

  --- Each test asks questions of its own.
  local function asked(more)
    more = more or {}
    more.text = ("%d: %s"):format(count, more.text or "hello?")
    local request = spec.request(more)
    return cache:before_request(request), request
  end

  local function status(request) return request.headers_put["X-Gateway-Cache"] end

  --- Asks, and answers what was not answered from the cache.
  local function turn(more, answer)
    local verdict, request = asked(more)
    if not verdict then cache:after_request(request, spec.answer(answer or { text = "hello!" })) end
    return status(request), verdict, request
  end

  it("answers the second time itself", function()
    assert.are.equal("miss", (turn()))
    spec.clock_advance(5900)
    local word, verdict, request = turn()
    assert.are.equal("hit", word)
    assert.are.equal("5", request.headers_put.Age)
    assert.are.same({ "respond", 200, "application/json" }, { verdict.kind, verdict.status, verdict.content_type })
    assert.are.equal("hello!", json.decode(verdict.body).choices[1].message.content)
    assert.is_true(request.ctx.state.cache_hit)
  end)

  it("forgets after max_age", function()
    turn()
    spec.clock_advance(59000)
    assert.are.equal("hit", (turn()))
    spec.clock_advance(1000)
    assert.are.equal("miss", (turn()))
  end)

  it("keeps the keys apart", function()
    turn { key = { id = "ann" } }
    assert.are.equal("miss", (turn { key = { id = "bob" } }))
    assert.are.equal("miss", (turn()))
    assert.are.equal("hit", (turn { key = { id = "ann" } }))
  end)

  it("takes every parameter for a part of the question", function()
    local base = { model = "m", messages = { { role = "user", content = count .. "?" } } }
    for _, more in ipairs { {}, { stream = true }, { user = "u" }, { temperature = 0.5 }, { x_vendor = 1 },
      { messages = { { role = "user", content = count .. "?" }, { role = "user", content = "more" } } },
      { messages = { { role = "user", content = "more" }, { role = "user", content = count .. "?" } } } } do
      local body = {}
      for name, value in pairs(base) do body[name] = value end
      for name, value in pairs(more) do body[name] = value end
      assert.are.equal("miss", (turn { body = body }), json.encode(more))
      assert.are.equal("hit", (turn { body = body }), json.encode(more))
    end
  end)

  it("is not confused by white space and the order of members", function()
    turn { body = ('{"model":"m","messages":[],"a":{"b":1,"c":"%d"}}'):format(count) }
    assert.are.equal("hit", (turn { body = (' {"a" : {"c":"%d", "b":1},\n"messages":[], "model":"m"}'):format(count) }))
  end)

  it("tells numbers apart that a double cannot", function()
    local body = '{"model":"m","messages":[],"seed":900719925474099%d}'
    turn { body = body:format(2) }
    assert.are.equal("miss", (turn { body = body:format(3) }))
  end)

  it("obeys the client's Cache-Control", function()
    local function with(control) return { headers = { ["Cache-Control"] = control } } end
    local _, verdict = turn(with "only-if-cached")
    assert.are.same({ 504, "not_cached" }, { verdict.status, verdict.code })
    assert.are.equal("bypass", (turn(with "no-store")))
    assert.are.equal("miss", (turn()))
    spec.clock_advance(10000)
    assert.are.equal("hit", (turn(with "max-age=10")))
    assert.are.equal("miss", (turn(with "max-age=9")))
    assert.are.equal("bypass", (turn(with "No-Cache")))
    assert.are.equal("bypass", (turn(with "private, max-age=0")))
    assert.are.equal("bypass", (turn { headers = { pragma = "no-cache" } }))
    assert.are.equal("hit", (turn(with "only-if-cached, max-stale=5")))
  end)

  it("obeys the provider's", function()
    turn(nil, { text = "x", headers = { ["Cache-Control"] = "private, no-store" } })
    assert.are.equal("miss", (turn(nil, { text = "x", headers = { ["Cache-Control"] = "max-age=5" } })))
    spec.clock_advance(4000)
    assert.are.equal("hit", (turn()))
    spec.clock_advance(1000)
    assert.are.equal("miss", (turn()))
  end)

  it("keeps no errors", function()
    local _, request = asked()
    cache:on_error(request, { status = 502 })
    assert.are.equal("miss", (turn(nil, { status = 206, text = "half" })))
    assert.are.equal("miss", (turn()))
  end)

  it("keeps no more than max_entries, and those longer that are used", function()
    local small = spec.plugin("response-cache", { max_entries = 4 })
    local function ask(n)
      local request = spec.request { text = count .. "/" .. n }
      if not small:before_request(request) then small:after_request(request, spec.answer { text = "x" }) end
      return status(request)
    end
    for n = 1, 4 do ask(n) end
    for n = 5, 20 do
      assert.are.equal("hit", ask(1), "entry 1 is used all the time")
      ask(n)
    end
    local kept = 0
    for n = 1, 20 do
      local request = spec.request { text = count .. "/" .. n, headers = { ["cache-control"] = "only-if-cached" } }
      if small:before_request(request).kind == "respond" then kept = kept + 1 end
    end
    assert.is_true(kept <= 4 and kept >= 2, kept .. " are kept")
  end)

  it("lets one ask and frees the others when it is done", function()
    local _, request = asked()
    local lock = "response-cache:asking:" .. request.ctx.state["response-cache"].key
    assert.is_truthy(shared.get(lock))
    cache:on_error(request, { status = 500 })
    assert.is_nil(shared.get(lock))
    turn(nil, { text = "x", headers = { ["cache-control"] = "no-store" } })
    assert.are.equal("pass", shared.get(lock))
  end)

  it("lets all pass behind a stream that was too long to be kept", function()
    local _, request = asked()
    local lock = "response-cache:asking:" .. request.ctx.state["response-cache"].key
    assert.is_nil(cache:after_request(request, { answer = { status = 200, make = function() end } }))
    assert.are.equal("pass", shared.get(lock))
  end)

  it("takes over from a worker that died", function()
    local _, request = asked()
    local lock = "response-cache:asking:" .. request.ctx.state["response-cache"].key
    shared.set(lock, "7:1 trace", 60)
    assert.are.equal("miss", (turn()))
    assert.are.equal("hit", (turn()))
  end)

  it("leaves other endpoints and very large requests alone", function()
    local _, request = asked { endpoint = "embeddings" }
    assert.is_nil(status(request))
    assert.are.equal("bypass", (turn { body = { model = "m", messages = {}, x = ("x"):rep(300000) } }))
  end)
end)
