-- SPDX-License-Identifier: Apache-2.0
local spec = require "gateway.spec"

local reach = spec.module "reach"

describe("a credential goes", function()
  local function goes(own, other)
    return reach.trusts(own, other)
  end

  it("to its own host, whatever the port", function()
    assert.is_true(goes("https://api.acme.example", "https://api.acme.example:8443"))
    assert.is_true(goes("http://127.0.0.1:8000", "http://127.0.0.1:9000"))
    assert.is_true(goes("https://[::1]", "https://[::1]:1"))
    assert.is_true(goes("https://API.acme.example", "https://api.ACME.example"))
  end)

  it("to hosts of the same registrable domain", function()
    assert.is_true(goes("https://api.acme.com", "https://stream.svc.acme.com"))
    assert.is_true(goes("https://api.acme.co.uk", "https://files.acme.co.uk"))
  end)

  it("to nobody else", function()
    assert.is_false(goes("https://api.acme.com", "https://acme.com.evil.example"))
    assert.is_false(goes("https://api.acme.com", "https://evilacme.com"))
    assert.is_false(goes("https://api.acme.co.uk", "https://other.co.uk"))
    assert.is_false(goes("http://127.0.0.1:1", "http://127.0.0.2:1"))
    assert.is_false(goes("http://127.0.0.1:1", "http://1.0.0.1"))
    assert.is_false(goes("http://localhost:1", "http://127.0.0.1:1"))
  end)

  it("never from https to http", function()
    assert.is_false(goes("https://api.acme.com", "http://api.acme.com"))
    assert.is_true(goes("http://api.acme.com", "https://api.acme.com"))
  end)
end)
