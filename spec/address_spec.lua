-- SPDX-License-Identifier: Apache-2.0
local address = require("gateway.spec").module "address"

local function whole(text, default)
  local parsed, message = address.parse(text, default)
  return parsed and parsed.origin .. parsed.path or message
end

describe("a base address", function()
  it("is used as it is written, without slashes at its end", function()
    assert.equal("https://llm.example/openai/v1", whole "https://llm.example/openai/v1")
    assert.equal("https://llm.example/openai/v1", whole "https://llm.example/openai/v1//")
    assert.equal("http://127.0.0.1:8000/v1", whole "http://127.0.0.1:8000/v1/")
    assert.equal("http://[::1]:8000/v1", whole "http://[::1]:8000/v1")
  end)

  it("without a path gets the version that ends the default's", function()
    local function versioned(default) return whole("https://llm.example/", default) end
    assert.equal("https://llm.example/v1", versioned "https://api.groq.com/openai/v1")
    assert.equal("https://llm.example/v1", versioned "https://api.deepinfra.com/v1/openai")
    assert.equal("https://llm.example/v1", versioned "https://api.cloudflare.com/client/v4/accounts/{account_id}/ai/v1")
    assert.equal("https://llm.example/v1beta", versioned "https://generativelanguage.googleapis.com/v1beta/openai")
    assert.equal("https://llm.example/v3", versioned "https://ark.cn-beijing.volces.com/api/v3")
    assert.equal("https://llm.example", versioned "https://api.perplexity.ai")
    assert.equal("https://llm.example", versioned(nil))
  end)

  it("with a path keeps it, version or not", function()
    assert.equal("https://llm.example/custom", whole("https://llm.example/custom", "https://api.groq.com/openai/v1"))
  end)

  it("without a scheme means the default's scheme, and its port when it names none", function()
    local default = "http://127.0.0.1:11434/v1"
    assert.equal("http://models.lan:11434/v1", whole("models.lan", default))
    assert.equal("http://models.lan:8080/v1", whole("models.lan:8080", default))
    assert.equal("http://[::1]:11434/v1", whole("[::1]", default))
    assert.equal("http://models.lan:11434/a/b", whole("models.lan/a/b", default))
    assert.equal("http://models.lan/v1", whole("http://models.lan", default))
    assert.equal("https://models.lan", whole "models.lan")
  end)

  it("must be one, without what only a single call may have", function()
    local wrong = {
      "", "https://", "ftp://llm.example", "https://llm.example/?key=1", "https://llm.example/#x",
      "https://user:hunter2@llm.example", "https://llm.example/a/../b", "https://llm.example/a b",
      "https://llm example",
    }
    for _, text in ipairs(wrong) do
      local parsed, message = address.parse(text)
      assert.is_nil(parsed, text)
      assert.truthy(message:find "^must ", text .. ": " .. tostring(message))
      assert.is_nil(message:find("hunter2", 1, true))
    end
  end)
end)
