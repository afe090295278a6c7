-- SPDX-License-Identifier: Apache-2.0
local spec = require "gateway.spec"

describe("house-rules", function()
  local rules = spec.plugin("house-rules", { rules = "Be brief.", temperature = 0.2 })

  it("comes first in a conversation", function()
    local request = spec.request { text = "Hello" }
    assert.is_nil(rules:before_request(request))
    local body = request:decoded()
    assert.are.same({ "system", "Be brief." }, { body.messages[1].role, body.messages[1].content })
    assert.are.equal("Hello", body.messages[2].content)
    assert.are.equal(0.2, body.temperature)
  end)

  it("leaves a system message and a temperature alone", function()
    local messages = { { role = "system", content = "Sing." }, { role = "user", content = "Hello" } }
    local request = spec.request { body = { model = "m", messages = messages, temperature = 1 } }
    rules:before_request(request)
    assert.are.equal(2, #request:decoded().messages)
    assert.are.equal(1, request:decoded().temperature)
  end)

  it("has nothing to say at other endpoints", function()
    local request = spec.request { endpoint = "embeddings", body = { model = "m", input = "x" } }
    rules:before_request(request)
    assert.is_nil(request:decoded().messages)
  end)
end)
