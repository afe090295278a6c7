-- SPDX-License-Identifier: Apache-2.0
--- Every transcript of Gemini: the request we send, the answer and the stream the client gets.

local spec = require "gateway.spec"
local transcripts = require "spec.support.transcripts"

local vendor = transcripts.of {
  vendor = "gemini", dialect = spec.script("providers/dialects", "gemini"),
  provider = spec.script("providers", "gemini"),
}

local REQUESTS = { "json-schema", "stream-text", "text", "tool-call", "tool-replay-unsigned", "tool-result" }
local ANSWERS = { "blocked-prompt", "json-schema", "text", "tool-call", "tool-result" }
local ERRORS = { "error-key", "error-quota", "error-unavailable" }
local STREAMS = { "stream-error-mid", "stream-safety", "stream-text", "stream-tools" }

describe("the request", function()
  for _, case in ipairs(REQUESTS) do
    it("of " .. case .. " is the vendor's", function() vendor.request(case) end)
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

describe("embeddings", function()
  local dialect = spec.script("providers/dialects", "gemini")
  local embedding = transcripts.of {
    vendor = "gemini", dialect = dialect, operation = dialect.surfaces.embeddings, surface = "embeddings",
    provider = spec.script("providers", "gemini"),
  }

  it("are asked for in one batch and answered in OpenAI's shape", function()
    local call = embedding.call_of "embed"
    assert(dialect.surfaces.embeddings.request(call))
    embedding.request "embed"
    embedding.answer("embed", call)
  end)
end)

describe("the stream", function()
  for _, case in ipairs(STREAMS) do
    it("of " .. case .. " is the same, cut after every byte", function() vendor.stream_cut(case) end)

    it("of " .. case .. " is the same in pieces of 1 to 7 bytes", function() vendor.stream_in_pieces(case) end)
  end

  it("without include_usage lacks nothing but the usage chunk", function() vendor.usage_is_asked "stream-text" end)
end)
