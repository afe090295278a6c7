-- SPDX-License-Identifier: Apache-2.0
--- lua/webhooks.lua: signatures, and what an answer means.

local base64 = require "gateway.base64"
local spec = require "gateway.spec"

local webhooks = spec.module "webhooks"

describe("a webhook", function()
  it("is signed as the specification's example is", function()
    local key = base64.decode "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    assert.are.equal("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
      webhooks.signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", '{"test": 2432232314}'))
  end)

  it("has taken what any 2xx answers", function()
    for _, status in ipairs { 200, 202, 204, 299 } do
      assert.are.same({ delivered = true }, webhooks.outcome { status = status, headers = {} })
    end
  end)

  it("is asked again after 429 and 5xx, and when it wants to be", function()
    for _, status in ipairs { 429, 500, 503, 599 } do
      local outcome = webhooks.outcome { status = status, headers = { ["retry-after"] = "7" } }
      assert.are.same({ delivered = false, again = true, code = "status_" .. status, wait = 7000 }, outcome)
    end
    assert.are.equal(300000, webhooks.outcome({ status = 503, headers = { ["retry-after"] = "99999" } }).wait)
    local date = "Fri, 31 Dec 1999 23:59:59 GMT"
    assert.is_nil(webhooks.outcome({ status = 503, headers = { ["retry-after"] = date } }).wait)
  end)

  it("is not asked again after any other answer", function()
    for _, status in ipairs { 301, 307, 400, 401, 404, 408, 410, 422 } do
      assert.is_false(webhooks.outcome({ status = status, headers = {} }).again, status)
    end
  end)

  it("is asked again where no answer came, unless none can come", function()
    for _, code in ipairs { "timeout", "refused", "dns", "tls", "reset", "bad_response" } do
      assert.is_true(webhooks.outcome(nil, code).again, code)
    end
    assert.is_false(webhooks.outcome(nil, "bad_url").again)
  end)

  it("has a plan for each entry, two of one address too", function()
    local entry = {
      url = "https://a.example/x", subjects = { "gateway.breaker.*", "gateway.breaker.opened" }, batch = 3, every = 5,
      timeout = 1, attempts = 1, backoff = 1,
    }
    local plans = webhooks.plans { entry, entry }
    assert.are.equal("webhook:1:https://a.example/x", plans[1].key)
    assert.are.equal("webhook:2:https://a.example/x", plans[2].key)
    assert.are.same({ "gateway.breaker.opened", "gateway.breaker.closed", "gateway.breaker.half_open" },
      plans[1].subjects)
    assert.are.same({ 3, 5 }, { plans[1].batch, plans[1].every_ms })
  end)
end)
