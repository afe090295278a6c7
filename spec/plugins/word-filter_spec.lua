-- SPDX-License-Identifier: Apache-2.0
local spec = require "gateway.spec"

local REQUEST = "request rejected by word-filter (before_request): request blocked by content policy"
local RESPONSE = "response rejected by word-filter: response blocked by content policy"

local function call(arguments)
  return { { id = "c", type = "function", ["function"] = { name = "f", arguments = arguments } } }
end

describe("word-filter", function()
  local filter = spec.plugin("word-filter", { blocked_words = { "bomb", "Project Falcon" } })

  it("lets what has no blocked word go on", function()
    assert.is_nil(filter:before_request(spec.request { text = "How do plants grow? Bom, b." }))
  end)

  it("refuses a request with a blocked word, in capitals too", function()
    for _, text in ipairs { "a bomb", "BOMBS", "the proJECT FALcon" } do
      local verdict = filter:before_request(spec.request { text = text })
      assert.are.same({ 400, "invalid_request_error", "request_rejected", REQUEST },
        { verdict.status, verdict.type, verdict.code, verdict.message })
    end
  end)

  it("minds capitals when told to", function()
    local exact = spec.plugin("word-filter", { blocked_words = { "Bomb" }, case_sensitive = true })
    assert.is_nil(exact:before_request(spec.request { text = "a bomb" }))
    assert.is_not_nil(exact:before_request(spec.request { text = "a Bomb" }))
  end)

  it("looks into every part of a message", function()
    local messages = {
      { { role = "system", content = "a bomb" } },
      { { role = "user", content = { { type = "text", text = "fine" }, { type = "text", text = "a bomb" } } } },
      { { role = "assistant", tool_calls = call '{"q":"a bomb"}' } },
      { { role = "tool", tool_call_id = "c", content = "a bomb" } },
      { { role = "user", name = "bomb", content = "fine" } },
    }
    for i, list in ipairs(messages) do
      assert.is_not_nil(filter:before_request(spec.request { messages = list }), "message " .. i)
    end
  end)

  it("refuses text that cannot be read", function()
    local tokens = spec.request { endpoint = "embeddings", body = { model = "m", input = { 15496, 11, 995 } } }
    local lists = spec.request { endpoint = "embeddings", body = { model = "m", input = { { 1, 2 }, { 3 } } } }
    local message = REQUEST .. ": content is not inspectable text"
    assert.are.equal(message, filter:before_request(tokens).message)
    assert.are.equal(message, filter:before_request(lists).message)
    local mixed = spec.request { endpoint = "embeddings", body = { model = "m", input = { "fine", { 1, 2 } } } }
    local prompt = spec.request { endpoint = "completions", body = { model = "m", prompt = { { 1, 2 } } } }
    assert.are.equal(message, filter:before_request(mixed).message)
    assert.are.equal(message, filter:before_request(prompt).message)
    local words = spec.request { endpoint = "embeddings", body = { model = "m", input = { "fine" } } }
    assert.is_nil(filter:before_request(words))
    local chat = spec.request { body = { model = "m", messages = {}, input = { 1 }, prompt = { 1 } } }
    assert.is_nil(filter:before_request(chat))
  end)

  it("lets everything pass while no word is blocked", function()
    local none = spec.plugin("word-filter", {})
    local tokens = spec.request { endpoint = "embeddings", body = { model = "m", input = { 15496 } } }
    assert.is_nil(none:before_request(tokens))
  end)

  it("refuses an answer with a blocked word", function()
    local verdict = filter:after_request(spec.request {}, spec.answer { text = "Build a BOMB." })
    assert.are.same({ 502, "upstream_error", "response_rejected", RESPONSE },
      { verdict.status, verdict.type, verdict.code, verdict.message })
    local message = { role = "assistant", content = "", tool_calls = call '{"plan":"bomb"}' }
    assert.is_not_nil(filter:after_request(spec.request {}, spec.answer { message = message }))
    assert.is_nil(filter:after_request(spec.request {}, spec.answer { text = "Plant a tree." }))
  end)

  it("lets a stream without blocked words pass however it is cut", function()
    local text = "bo bom bomp Project Falc, proj\195\164kt bo"
    spec.every_split(filter, text, text)
  end)

  it("never lets a part of a blocked word out", function()
    local text = "It is a Project FALCON, they say."
    for pieces in spec.splits(text, { pieces = 3 }) do
      local streamed = spec.stream(filter, pieces)
      assert.are.equal(RESPONSE, streamed.verdict.message)
      assert.is_nil(streamed.text:lower():find("p", 9, true))
    end
  end)

  it("holds back exactly what may become a blocked word", function()
    local streamed = spec.stream(filter, { "a bo", "x bom", "" })
    assert.are.same({ "a ", "box ", "bom" }, streamed.pieces)
  end)

  it("does nothing without words, and takes no empty one", function()
    local none = spec.plugin("word-filter", {})
    assert.is_nil(none:before_request(spec.request { text = "a bomb" }))
    assert.are.equal("a bomb", spec.stream(none, "a bomb").text)
    assert.has_error(function() spec.plugin("word-filter", { blocked_words = { "" } }) end)
  end)
end)
