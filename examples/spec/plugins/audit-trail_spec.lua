-- SPDX-License-Identifier: Apache-2.0
local json = require "gateway.json"
local spec = require "gateway.spec"

describe("audit-trail", function()
  local trail = spec.plugin("audit-trail", { url = "http://127.0.0.1:9000/audit" })

  --- What the service was sent after one call of `hook`.
  local function sent(hook, ...)
    local requests = spec.upstream(function() return { status = 204, headers = {}, body = "" } end)
    assert.is_nil(trail[hook](trail, spec.request { text = "a secret question", key = { id = "key-7" } }, ...))
    assert.are.equal(0, #requests, "nothing is sent while the client waits")
    spec.background()
    return requests[1]
  end

  it("tells who asked and what it cost, and nothing that was said", function()
    local request = sent("after_request", spec.answer { text = "a secret answer" })
    local record = json.decode(request.body)
    assert.are.same({ "key-7", "test-model", 12 }, { record.key, record.model, record.tokens })
    assert.is_nil(request.body:find "secret")
  end)

  it("tells errors too", function()
    local request = sent("on_error", { status = 429, code = "rate_limit_exceeded" })
    assert.are.equal("rate_limit_exceeded", json.decode(request.body).error)
  end)

  it("bears a service that is away", function()
    spec.upstream(function() return nil, "refused", "refused" end)
    trail:after_request(spec.request {}, spec.answer {})
    assert.are.equal(1, spec.background())
  end)

  it("refuses an address that is none", function()
    assert.has_error(function() spec.plugin("audit-trail", { url = "localhost" }) end)
  end)
end)
