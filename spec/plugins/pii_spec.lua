-- SPDX-License-Identifier: Apache-2.0
local personal = require "spec.support.personal"
local spec = require "gateway.spec"

local TOKENS, SAMPLES, PLACEHOLDERS, PEM = personal.TOKENS, personal.SAMPLES, personal.PLACEHOLDERS, personal.PEM

local function masked(text, conf)
  return spec.stream(spec.plugin("pii", conf or {}), text).text
end

local NO_DATA = {
  "The meeting is at 12:30:45 on 2024-01-15, room 3.14.", "std::vector<int> and face::bed are code.",
  "Version 1.2.3.4.5 and 999.1.1.1 are no addresses.", "Order 4111 1111 1111 1112 has a wrong digit.",
  "000-12-3456 and 666-12-3456 were never given out.", "GB82 WEST 1234 5698 7654 33 has a wrong digit, too.",
  "Write to user at example dot com, or @handle, or a@b.", "sk-short, AKIASHORT, ghp_short and eyJ.a.b are no keys.",
  "1, 2, 3, 1000000, 3.14159265358979, 0x1F, 1e10", "f(x) = x^2 - 100 - 200", "a--b ... c@@d",
}

describe("pii", function()
  it("masks each kind by its placeholder", function()
    local pii = spec.plugin("pii", {})
    for kind, list in pairs(SAMPLES) do
      for _, sample in ipairs(list) do
        local inside = spec.stream(pii, "It is " .. sample .. ", ok?").text
        assert.are.equal("It is " .. PLACEHOLDERS[kind] .. ", ok?", inside)
        assert.are.equal(PLACEHOLDERS[kind], spec.stream(pii, sample).text)
      end
    end
  end)

  it("leaves what only looks alike", function()
    for _, text in ipairs(NO_DATA) do assert.are.equal(text, masked(text)) end
  end)

  it("finds a card's number between other numbers", function()
    assert.are.equal("1234 [CARD] 2025", masked "1234 4111 1111 1111 1111 2025")
    assert.are.equal("[CARD] 99", masked "4111 1111 1111 1111 99")
  end)

  it("takes an IBAN without the words behind it", function()
    assert.are.equal("[IBAN] AND MORE", masked "DE89 3704 0044 0532 0130 00 AND MORE")
  end)

  it("takes the whole of a private key", function()
    assert.are.equal("key:\n[API_KEY]\nend", masked("key:\n" .. PEM .. "\nend"))
    assert.are.equal("[API_KEY] is a header.", masked("-----BEGIN " .. "PRIVATE KEY----- is a header."))
  end)

  it("masks the chosen kinds only", function()
    local text = "alice@example.com 123-45-6789"
    assert.are.equal("alice@example.com [SSN]", masked(text, { kinds = { "ssn" } }))
    assert.has_error(function() spec.plugin("pii", { kinds = { "sn" } }) end)
  end)

  it("writes the placeholders it is given", function()
    assert.are.equal("<mail>", masked("a@example.com", { placeholders = { email = "<mail>" } }))
  end)

  it("masks every part of a request", function()
    local pii = spec.plugin("pii", {})
    local arguments = [[{"to":"Hi\nalice@example.com","card":4111111111111111}]]
    local request = spec.request { messages = {
      { role = "user", content = { { type = "text", text = "I am alice@example.com" } } },
      { role = "assistant", tool_calls = { { type = "function", id = "c",
        ["function"] = { name = "f", arguments = arguments } } } },
      { role = "tool", tool_call_id = "c", content = "at 8.8.8.8" },
    } }
    assert.is_nil(pii:before_request(request))
    local messages = request:decoded().messages
    assert.are.equal("I am [EMAIL]", messages[1].content[1].text)
    assert.are.same({ to = "Hi\n[EMAIL]", card = "[CARD]" },
      require "gateway.json".decode(messages[2].tool_calls[1]["function"].arguments))
    assert.are.equal("at [IP]", messages[3].content)
  end)

  it("leaves a request without data byte for byte", function()
    local pii, text = spec.plugin("pii", {}), '{ "model":"m", "messages":[{"role":"user","content":"fine \\u00e9"}] }'
    local request = spec.request { body = text }
    assert.is_nil(pii:before_request(request))
    assert.are.equal(text, request:text())
  end)

  it("masks a whole answer as it does a streamed one", function()
    local pii = spec.plugin("pii", {})
    local answer = spec.answer { text = "Call 555-123-4567 or " .. TOKENS[1] .. "." }
    assert.is_nil(pii:after_request(spec.request {}, answer))
    assert.are.equal("Call [PHONE] or [API_KEY].", answer:decoded().choices[1].message.content)
  end)

  it("refuses when told to, and names kinds only", function()
    local pii = spec.plugin("pii", { action = "block" })
    local verdict = pii:before_request(spec.request { text = "alice@example.com, 123-45-6789" })
    assert.are.same({ 400, "request_rejected",
      "request rejected by pii (before_request): request contains personal data (email, ssn)" },
      { verdict.status, verdict.code, verdict.message })
    verdict = pii:after_request(spec.request {}, spec.answer { text = "alice@example.com" })
    assert.are.equal("response rejected by pii: response contains personal data (email)", verdict.message)
    assert.is_nil(pii:before_request(spec.request { text = "fine" }))
  end)

  it("lets nothing of what it refuses out of a stream", function()
    local pii, text = spec.plugin("pii", { action = "block" }), "Mail alice@example.com now."
    for pieces in spec.splits(text, { pieces = 3 }) do
      local streamed = spec.stream(pii, pieces)
      assert.are.equal("response_rejected", streamed.verdict.code)
      assert.is_true(#streamed.text <= 5 and text:sub(1, #streamed.text) == streamed.text)
    end
  end)

  it("changes nothing where it only counts", function()
    local pii, text = spec.plugin("pii", { action = "log" }), "Mail alice@example.com now."
    local request = spec.request { text = text }
    assert.is_nil(pii:before_request(request))
    assert.are.equal(text, request:decoded().messages[1].content)
    local streamed = spec.stream(pii, { "Mail ali", "ce@example.com", " now." })
    assert.are.same({ "Mail ali", "ce@example.com", " now." }, streamed.pieces)
    assert.are.equal(0, streamed.held)
  end)

  it("masks a sample of each kind in two pieces as in one", function()
    local pii = spec.plugin("pii", {})
    for kind, list in pairs(SAMPLES) do
      for pieces in spec.splits("x " .. list[1] .. " y") do
        assert.are.equal("x " .. PLACEHOLDERS[kind] .. " y", spec.stream(pii, pieces).text)
      end
    end
  end)

  it("holds only what may become something", function()
    local pii = spec.plugin("pii", {})
    assert.are.same({ "Hello, ", "you there. ", "ok" }, spec.stream(pii, { "Hello, you", " there. ok" }).pieces)
  end)
end)
