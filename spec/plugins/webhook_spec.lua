-- SPDX-License-Identifier: Apache-2.0

local crypto = require "gateway.crypto"
local json = require "gateway.json"
local spec = require "gateway.spec"

local function hook(conf)
  conf.url = "https://hook.example/x"
  return spec.plugin("webhook", conf)
end

local function answering(...)
  local statuses, at = { ... }, 0
  return spec.upstream(function()
    at = math.min(at + 1, #statuses)
    if statuses[at] == 0 then return nil, "no", "timeout" end
    return { status = statuses[at], headers = {}, body = "" }
  end)
end

local function events_of(request) return json.decode(request.body).events end

describe("webhook", function()
  after_each(function() spec.upstream(nil) end)

  it("tells of an answer later, without a word of it", function()
    spec.clock(1700000000)
    local posts = answering(200)
    local plugin = hook { secret = "s", headers = { ["X-Mine"] = "yes" } }
    plugin:after_request(spec.request { text = "canary", key = { id = "k" } }, spec.answer { text = "canary" })
    assert.are.equal(0, #posts)
    spec.background()
    local event = events_of(posts[1])[1]
    event.latency_ms = nil
    assert.are.same({
      type = "gateway.request.completed", trace_id = ("0"):rep(31) .. "1", timestamp = "2023-11-14T22:13:20.000Z",
      status = 200, provider = "test", target = "test", model = "test-model", stream = false, tokens_in = 9,
      tokens_out = 3,
      api_key = "k",
    }, event)
    local headers = posts[1].headers
    assert.are.equal("yes", headers["X-Mine"])
    assert.are.equal("sha256=" .. crypto.hmac_sha256("s", headers["X-Gateway-Timestamp"] .. "." .. posts[1].body),
      headers["X-Gateway-Signature"])
    assert.is_nil(posts[1].body:find("canary", 1, true))
    spec.clock()
  end)

  it("tells of an error by its code", function()
    local posts = answering(204)
    hook({}):on_error(spec.request(), { status = 429, code = "rate_limit_exceeded", message = "canary" })
    spec.background()
    local event = events_of(posts[1])[1]
    assert.are.same({ "gateway.request.failed", 429, "rate_limit_exceeded" }, { event.type, event.status, event.error })
  end)

  it("tells what was said only when it is asked to", function()
    local posts = answering(200)
    hook({ content = true }):after_request(spec.request { text = "q" }, spec.answer { text = "a" })
    spec.background()
    local event = events_of(posts[1])[1]
    assert.are.same({ "q", "a" }, { event.request[1].text, event.response[1].text })
  end)

  it("tells only of what was chosen", function()
    local posts = answering(200)
    local plugin = hook { events = { "gateway.request.failed" } }
    plugin:after_request(spec.request(), spec.answer())
    assert.are.same({ 0, 0 }, { spec.background(), #posts })
  end)

  it("sends many events in batches, in their order", function()
    local posts = answering(200)
    local plugin = hook { batch = 2 }
    for i = 1, 5 do plugin:on_error(spec.request { trace_id = "t" .. i }, {}) end
    spec.background()
    local order = {}
    for _, post in ipairs(posts) do
      for _, event in ipairs(events_of(post)) do order[#order + 1] = event.trace_id end
    end
    assert.are.equal(3, #posts)
    assert.are.same({ "t1", "t2", "t3", "t4", "t5" }, order)
  end)

  it("tries again with growing pauses while that can help", function()
    spec.slept()
    local posts = answering(503, 0, 200)
    hook({ flush = "0s", backoff = "100ms" }):on_error(spec.request(), {})
    spec.background()
    assert.are.same({ 3, 300, posts[1].body }, { #posts, spec.slept(), posts[3].body })
  end)

  it("gives up after its tries, at once where none can help, and says so", function()
    spec.logged()
    local posts = answering(500)
    hook({ attempts = 2 }):on_error(spec.request(), {})
    spec.background()
    assert.are.equal(2, #posts)
    posts = answering(404)
    hook({}):on_error(spec.request(), {})
    spec.background()
    assert.are.equal(1, #posts)
    local lines = spec.logged()
    assert.are.same({ "status_500", "status_404" }, { lines[1].code, lines[2].code })
    assert.are.equal(2, spec.counted "webhook.dropped")
  end)

  it("keeps a thousand events and no more", function()
    local before = spec.counted "webhook.dropped"
    local posts = answering(200)
    local plugin = hook { batch = 100 }
    for _ = 1, 1010 do plugin:on_error(spec.request(), {}) end
    assert.are.equal(before + 10, spec.counted "webhook.dropped")
    spec.background()
    assert.are.equal(10, #posts)
  end)

  it("needs an address without a user in it", function()
    for _, url in ipairs { "hook.example", "ftp://hook.example/", "https://user@hook.example/", "https://" } do
      assert.has_error(function() spec.plugin("webhook", { url = url }) end)
    end
    assert.has_error(function() spec.plugin "webhook" end)
  end)
end)
