-- SPDX-License-Identifier: Apache-2.0
local spec = require "gateway.spec"

local function refused(conf, body)
  body.model = "m"
  local verdict = spec.plugin("max-token", conf):before_request(spec.request { body = body })
  return verdict and verdict.message
end

local function messages(count)
  local list = {}
  for i = 1, count do list[i] = { role = "user", content = "hi" } end
  return list
end

describe("max-token", function()
  it("lets a request pass that stays within all limits", function()
    assert.is_nil(refused({}, { messages = messages(100), max_tokens = 4096 }))
  end)

  it("lets a request pass that declares nothing", function()
    assert.is_nil(refused({ max_tokens = 1 }, { messages = messages(1) }))
  end)

  it("refuses a ceiling above the limit, by either name", function()
    local message = "request rejected by max-token (before_request): max_tokens 9000 exceeds limit of 4096"
    assert.are.equal(message, refused({}, { messages = messages(1), max_tokens = 9000 }))
    assert.are.equal(message, refused({}, { messages = messages(1), max_tokens = 1, max_completion_tokens = 9000 }))
  end)

  it("refuses it in the words of other APIs, too", function()
    for _, body in ipairs {
      { max_output_tokens = 9000 }, { generationConfig = { maxOutputTokens = 9000 } },
      { generation_config = { max_output_tokens = 9000 } },
    } do
      assert.truthy(refused({}, body))
    end
  end)

  it("counts messages wherever the endpoint has them", function()
    for endpoint, body in pairs { messages = { messages = messages(3) }, responses = { input = messages(3) },
      gemini = { contents = messages(3) }, chat = { messages = messages(3) } } do
      local request = spec.request { body = body, endpoint = endpoint }
      assert.truthy(spec.plugin("max-token", { max_messages = 2 }):before_request(request), endpoint)
    end
  end)

  it("refuses too many messages", function()
    assert.are.equal("request rejected by max-token (before_request): message count 120 exceeds limit of 100",
      refused({}, { messages = messages(120) }))
  end)

  it("refuses too much text, parts of a message included", function()
    local parts = { { role = "user", content = { { type = "text", text = "123" }, { type = "text", text = "456" } } } }
    assert.are.equal("request rejected by max-token (before_request): total input length 6 exceeds limit of 5",
      refused({ max_input_length = 5 }, { messages = parts }))
    assert.is_nil(refused({ max_input_length = 6 }, { messages = parts }))
  end)

  it("has no limit where the configuration says 0", function()
    assert.is_nil(refused({ max_tokens = 0, max_messages = 0 }, { messages = messages(500), max_tokens = 1e6 }))
  end)

  it("answers 400 invalid_request_error", function()
    local verdict = spec.plugin("max-token", { max_messages = 1 })
      :before_request(spec.request { messages = messages(2) })
    assert.are.same({ "reject", 400, "invalid_request_error", "request_rejected" },
      { verdict.kind, verdict.status, verdict.type, verdict.code })
  end)

  it("refuses a limit below zero", function()
    assert.has_error(function() spec.plugin("max-token", { max_tokens = -1 }) end,
      "config.max_tokens: must not be negative, got -1")
  end)
end)
