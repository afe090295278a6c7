-- SPDX-License-Identifier: Apache-2.0
--- Every transcript of Anthropic's clients: what a provider that speaks OpenAI's format is asked, and what comes back.

local chunks = require "spec.support.chunks"
local face = require "spec.support.anthropic_face"
local json = require "gateway.json"
local same = require "spec.support.same"
local spec = require "gateway.spec"
local transcripts = require "spec.support.transcripts"

local messages = face.messages

local REQUESTS = { "claude-code", "json-schema", "stream-text", "text", "tool-call", "tool-result-image" }
local ANSWERS = { "content-filter", "text", "tool-call" }
local ERRORS = { "error-context", "error-rate-limit", "error-unavailable" }
local STREAMS = {
  "stream-empty", "stream-error-mid", "stream-reasoning", "stream-text", "stream-tools", "stream-truncated",
}

local function text(case, kind) return transcripts.text("anthropic-face", case, kind) end

local function document(case, kind) return transcripts.document("anthropic-face", case, kind) end

local function context_of(case, more)
  local client = document(case, "client")
  local context = face.context(client.body, more)
  for name, value in pairs(client.headers) do context.headers[name:lower()] = value end
  return context
end

describe("the request", function()
  for _, case in ipairs(REQUESTS) do
    it("of " .. case .. " is OpenAI's", function()
      local expected = document(case, "upstream.openai.request").body
      local made = assert(messages.request(context_of(case, { model = expected.model })))
      transcripts.check(same.request(expected, json.decode(json.encode(made))))
    end)
  end

  it("of claude-code goes to Anthropic as it came, with its version, betas and query", function()
    local expected = document("claude-code", "upstream.anthropic.request")
    local provider = spec.script("providers", "anthropic")
    local target = { provider = provider, dialect = "anthropic_messages", path = provider.paths.chat }
    local made = messages.forward(context_of("claude-code", { query = "beta=true" }), target)
    assert.are.equal(expected.url, provider.base .. made.path)
    assert.are.equal(expected.headers["anthropic-beta"], made.headers["anthropic-beta"])
    assert.are.equal(expected.headers["anthropic-version"], made.headers["anthropic-version"])
    assert.are.same({}, made.edits)
  end)
end)

describe("the answer", function()
  for _, case in ipairs(ANSWERS) do
    it("of " .. case .. " is Anthropic's", function()
      local response, expected = document(case, "upstream.openai.response"), document(case, "expected.anthropic")
      local made = assert(face.answered(response.body))
      transcripts.check(same.document(expected.body, made))
    end)
  end

  for _, case in ipairs(ERRORS) do
    it("of " .. case .. " is an error in Anthropic's shape with its status", function()
      local response, expected = document(case, "upstream.openai.response"), document(case, "expected.anthropic")
      local openai = spec.script("providers/dialects", "openai_chat")
      local failure = openai.failure(response.status, response.headers, json.encode(response.body))
      failure.upstream_status = response.status
      local status, body = messages.failure(failure)
      assert.are.equal(expected.status, status)
      transcripts.check(same.document(expected.body, json.decode(body)))
      local after = failure.retry_after and tostring(failure.retry_after)
      assert.are.equal(expected.headers["retry-after"], after)
    end)
  end

  it("of count-tokens is a number", function()
    local context = face.context(document("count-tokens", "client").body, nil, face.count_tokens)
    assert(face.count_tokens.request(context))
    local made = json.decode(face.count_tokens.response(context, '{"input_tokens":7}'))
    transcripts.check(same.document(document("count-tokens", "expected.anthropic").body, made))
  end)
end)

--- The counters of the first event may be guesses.
local function without_guess(events)
  local message = events[1] and events[1].message
  for _, name in ipairs {
    "input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens",
  } do
    assert.is_number(message.usage[name])
  end
  message.usage = nil
  return events
end

describe("the stream", function()
  local function payloads_of(case)
    local list = {}
    for i, chunk in ipairs(chunks.read(text(case, "upstream.openai.stream.txt"))) do
      list[i] = chunk ~= "[DONE]" and json.encode(chunk) or nil
    end
    return list
  end

  for _, case in ipairs(STREAMS) do
    it("of " .. case .. " is Anthropic's", function()
      local expected = without_guess(face.events(text(case, "expected.anthropic.stream.txt")))
      local made = without_guess(face.events(face.bytes(payloads_of(case))))
      transcripts.check(same.document(expected, made))
    end)
  end
end)
