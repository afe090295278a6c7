-- SPDX-License-Identifier: Apache-2.0
--- Every transcript of Anthropic: the request we send, the answer and the stream the client gets.

local spec = require "gateway.spec"
local transcripts = require "spec.support.transcripts"

local provider = spec.script("providers", "anthropic")
local vendor = transcripts.of {
  vendor = "anthropic", dialect = spec.script("providers/dialects", "anthropic_messages"), provider = provider,
}

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

describe("the request", function()
  for _, case in ipairs(REQUESTS) do
    it("of " .. case .. " is the vendor's", function()
      vendor.request(case, function(made, expected)
        assert.equal(expected.headers["anthropic-version"], provider.headers["anthropic-version"])
        assert.is_nil(made.headers)
      end)
    end)
  end
end)

describe("the answer", function()
  for _, case in ipairs(ANSWERS) do
    it("of " .. case .. " is OpenAI's", function() vendor.answer(case) end)
  end

  for _, case in ipairs(ERRORS) do
    it("of " .. case .. " is a failure with its own status", function() vendor.error(case) end)
  end
end)

describe("the stream", function()
  for _, case in ipairs(STREAMS) do
    it("of " .. case .. " is the same, cut after every byte", function() vendor.stream_cut(case) end)

    it("of " .. case .. " is the same in pieces of 1 to 7 bytes", function() vendor.stream_in_pieces(case) end)
  end

  it("of stream-error-first fails before anything is seen, with the status of the error", function()
    vendor.stream_fails_first "stream-error-first"
  end)

  it("without include_usage lacks nothing but the usage chunk", function() vendor.usage_is_asked "stream-text" end)
end)
