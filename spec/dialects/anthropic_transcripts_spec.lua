-- SPDX-License-Identifier: Apache-2.0
--- Every transcript of Anthropic: the request we send, the answer and the stream the client gets.

local chunks = require "spec.support.chunks"
local json = require "gateway.json"
local same = require "spec.support.same"
local spec = require "gateway.spec"

local dialect = spec.script("providers/dialects", "anthropic_messages")
local provider = spec.script("providers", "anthropic")

local REQUESTS = {
  "effort-none", "image-file", "json-schema", "sampling-dropped", "stream-text", "stream-thinking", "stream-tools",
  "system-mid-inline", "system-multiturn", "text", "thinking", "thinking-tool-replay", "tool-call",
  "tool-choice-forced-refused", "tool-choice-named", "tool-choice-none", "tool-result",
}
local ANSWERS = {
  "json-schema", "refusal", "system-multiturn", "text", "thinking", "thinking-tool-replay", "tool-call", "tool-result",
}
local ERRORS = {
  "error-auth", "error-context", "error-overloaded", "error-rate-limit", "error-spend-cap", "error-spend-limit",
}
local STREAMS = {
  "stream-error-mid", "stream-refusal", "stream-text", "stream-thinking", "stream-tools", "stream-truncated",
}

local function fixture(case, kind)
  return spec.fixture(("anthropic/%s.%s"):format(case, kind))
end

local function document(case, kind)
  return assert(json.decode(fixture(case, kind .. ".json")))
end

--- The call as the pipeline makes it from what the client sent.
local function call_of(text)
  local request = assert(json.decode(text, { raw = dialect.raw_keys })).body
  return {
    model = request.model:match("^anthropic/(.*)$"), requested_model = request.model, created = 1767225600,
    stream = request.stream == true, include_usage = true, request = request,
  }
end

local function plain_call()
  return { model = "claude", requested_model = "claude", created = 1767225600, stream = true, include_usage = true }
end

local function check(ok, difference)
  assert.is_true(ok, difference)
end

describe("the request", function()
  for _, case in ipairs(REQUESTS) do
    it("of " .. case .. " is the vendor's", function()
      local expected = document(case, "request")
      local made = assert(dialect.request(call_of(fixture(case, "client.json")), provider))
      check(same.request(expected.body, json.decode(made.body)))
      assert.equal(expected.url, provider.base .. made.path)
      assert.equal(expected.headers["anthropic-version"], provider.headers["anthropic-version"])
      assert.is_nil(made.headers)
    end)
  end
end)

describe("the answer", function()
  for _, case in ipairs(ANSWERS) do
    it("of " .. case .. " is OpenAI's", function()
      local response = document(case, "response")
      local text = assert(dialect.response(plain_call(), json.encode(response.body), response.headers))
      check(same.document(document(case, "expected.openai").body, json.decode(text)))
    end)
  end

  for _, case in ipairs(ERRORS) do
    it("of " .. case .. " is a failure with its own status", function()
      local response, expected = document(case, "response"), document(case, "expected.openai")
      local failure = dialect.failure(response.status, response.headers, json.encode(response.body))
      assert.equal(expected.status, failure.status)
      check(same.document(expected.body.error, {
        message = failure.message, type = failure.type, code = failure.code, param = failure.param,
      }))
      assert.equal(expected.headers["retry-after"], failure.retry_after and tostring(failure.retry_after))
    end)
  end
end)

describe("the stream", function()
  local function expect(case, pieces)
    local list = chunks.translated(dialect, plain_call(), pieces)
    check(same.document(chunks.joined(chunks.read(fixture(case, "expected.openai.stream.txt"))), chunks.joined(list)))
  end

  for _, case in ipairs(STREAMS) do
    it("of " .. case .. " is the same, cut after every byte", function()
      local text = fixture(case, "stream.txt")
      for at = 0, #text do
        expect(case, chunks.cut(text, at))
      end
    end)

    it("of " .. case .. " is the same in pieces of 1 to 7 bytes", function()
      local text = fixture(case, "stream.txt")
      for size = 1, 7 do
        expect(case, chunks.pieces(text, size))
      end
    end)
  end

  it("of stream-error-first fails before anything is seen, with the status of the error", function()
    local expected = document("stream-error-first", "expected.openai")
    local list, failure = chunks.translated(dialect, plain_call(), { fixture("stream-error-first", "stream.txt") })
    assert.is_nil(list)
    assert.equal(expected.status, failure.status)
    check(same.document(expected.body.error, {
      message = failure.message, type = failure.type, code = failure.code, param = failure.param,
    }))
  end)

  it("without include_usage lacks nothing but the usage chunk", function()
    local text, call = fixture("stream-text", "stream.txt"), plain_call()
    local full = chunks.translated(dialect, call, { text })
    call.include_usage = false
    local short = chunks.translated(dialect, call, { text })
    table.remove(full, #full - 1)
    assert.same(full, short)
  end)
end)
