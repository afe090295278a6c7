-- SPDX-License-Identifier: Apache-2.0
local spec = require "gateway.spec"

local function masked(text, conf)
  return spec.stream(spec.plugin("pii", conf or {}), text).text
end

--- Made here, so that no scanner takes this file for a leak.
local function fake(prefix, count)
  return prefix .. ("aB3dE6gH9k"):rep(math.ceil(count / 10)):sub(1, count)
end

local TOKENS = {
  fake("sk-" .. "proj-", 40), fake("sk-" .. "svcacct-", 40), fake("sk-", 48), fake("sk-" .. "ant-api03-", 95),
  "AKIA" .. "IOSFODNN7EXAMPLE", fake("ghp" .. "_", 36), fake("gho" .. "_", 36), fake("github" .. "_pat_", 60),
  fake("AIza" .. "Sy", 33), "xoxb" .. "-123456789012-1234567890123-" .. fake("", 24), fake("xoxp" .. "-", 40),
  fake("sk_" .. "live_", 24), fake("rk_" .. "live_", 24), fake("hf" .. "_", 34), fake("gsk" .. "_", 52),
  fake("glpat" .. "-", 20), "eyJhbGciOiJIUzI1NiJ9." .. fake("eyJ", 60) .. "." .. fake("", 43),
}

local SAMPLES = {
  email = { "alice@example.com", "a.b+c%d@mail.example.co.uk", "j\195\182rg@m\195\188ller.de" },
  phone = { "+1 (555) 123-4567", "555-123-4567", "(555) 123-4567", "1-800-555-0199", "+49 30 901820", "+4915112345678",
    "0049 171 2345678", "0171 2345678" },
  card = { "4111 1111 1111 1111", "4111111111111111", "5500-0000-0000-0004", "378282246310005" },
  iban = { "DE89 3704 0044 0532 0130 00", "GB82WEST12345698765432", "FR14 2004 1010 0505 0001 3M02 606" },
  ssn = { "123-45-6789", "123 45 6789" },
  ip = { "192.168.10.1", "8.8.8.8", "2001:0db8:85a3:0000:0000:8a2e:0370:7334", "2001:db8::1", "fe80::1ff:fe23:4567" },
  api_key = TOKENS,
}

local PLACEHOLDERS = {
  email = "[EMAIL]", phone = "[PHONE]", card = "[CARD]", iban = "[IBAN]", ssn = "[SSN]", ip = "[IP]",
  api_key = "[API_KEY]",
}

local NO_DATA = {
  "The meeting is at 12:30:45 on 2024-01-15, room 3.14.", "std::vector<int> and face::bed are code.",
  "Version 1.2.3.4.5 and 999.1.1.1 are no addresses.", "Order 4111 1111 1111 1112 has a wrong digit.",
  "000-12-3456 and 666-12-3456 were never given out.", "GB82 WEST 1234 5698 7654 33 has a wrong digit, too.",
  "Write to user at example dot com, or @handle, or a@b.", "sk-short, AKIASHORT, ghp_short and eyJ.a.b are no keys.",
  "1, 2, 3, 1000000, 3.14159265358979, 0x1F, 1e10", "f(x) = x^2 - 100 - 200", "a--b ... c@@d",
}

local PEM = "-----BEGIN RSA " .. "PRIVATE KEY-----\n" .. fake("MII", 61) .. "\n" .. fake("", 64) .. "\n" .. fake("", 17)
  .. "==\n-----END RSA " .. "PRIVATE KEY-----"

describe("pii", function()
  it("masks each kind by its placeholder", function()
    for kind, list in pairs(SAMPLES) do
      for _, sample in ipairs(list) do
        assert.are.equal("It is " .. PLACEHOLDERS[kind] .. ", ok?", masked("It is " .. sample .. ", ok?"))
        assert.are.equal(PLACEHOLDERS[kind], masked(sample))
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

  it("masks every sample the same however a stream is cut", function()
    local pii = spec.plugin("pii", {})
    for kind, list in pairs(SAMPLES) do
      for _, sample in ipairs(list) do
        local text = "x " .. sample .. " y"
        for pieces in spec.splits(text) do
          local streamed = spec.stream(pii, pieces)
          assert.are.equal("x " .. PLACEHOLDERS[kind] .. " y", streamed.text)
          assert.is_true(streamed.held <= 1024)
        end
      end
    end
    local bytes = {}
    for i = 1, #PEM do bytes[i] = PEM:sub(i, i) end
    assert.are.equal("[API_KEY]", spec.stream(pii, bytes).text)
    for i = 1, #PEM, 7 do assert.are.equal("[API_KEY]", spec.stream(pii, { PEM:sub(1, i), PEM:sub(i + 1) }).text) end
  end)

  it("masks random texts the same however they are cut", function()
    local pii = spec.plugin("pii", {})
    local state = 20260101
    local function random(most)
      state = (state * 1103515245 + 12345) % 2147483648
      return math.floor(state / 65536) % most + 1
    end
    local filler = { " ", ", ", "a", "word ", "\195\182", "\\n", ".", "-", "1", "2026", "@", ":", "+", "\n",
      "\240\159\152\128" }
    local kinds = { "email", "phone", "card", "iban", "ssn", "ip", "api_key" }
    for _ = 1, 25 do
      local parts = {}
      for i = 1, 25 do
        local list = random(5) == 1 and SAMPLES[kinds[random(#kinds)]] or filler
        parts[i] = list[random(#list)]
      end
      local text = table.concat(parts)
      local whole = spec.stream(pii, text).text
      for _ = 1, 10 do
        local pieces, at = {}, 1
        while at <= #text do
          local count = random(12)
          pieces[#pieces + 1] = text:sub(at, at + count - 1)
          at = at + count
        end
        local streamed = spec.stream(pii, pieces)
        assert.are.equal(whole, streamed.text)
        assert.is_true(streamed.held <= 1024)
      end
    end
  end)

  it("holds only what may become something", function()
    local pii = spec.plugin("pii", {})
    assert.are.same({ "Hello, ", "you there. ", "ok" }, spec.stream(pii, { "Hello, you", " there. ok" }).pieces)
  end)
end)
