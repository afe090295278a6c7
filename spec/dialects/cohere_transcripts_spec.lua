-- SPDX-License-Identifier: Apache-2.0
--- Every transcript of Cohere: the requests we send, the answers and the streams the client gets.

local spec = require "gateway.spec"
local transcripts = require "spec.support.transcripts"

local dialect = spec.script("providers/dialects", "cohere_v2")
local provider = spec.script("providers", "cohere")

local function vendor(surface)
  return transcripts.of {
    vendor = "cohere", dialect = dialect, provider = provider, surface = surface,
    operation = surface and dialect.surfaces[surface],
  }
end

local chat = vendor()

describe("the request", function()
  for _, case in ipairs { "text", "tool-call", "tool-result" } do
    it("of " .. case .. " is the vendor's", function() chat.request(case) end)
  end
end)

describe("the answer", function()
  for case, names in pairs {
    ["text"] = "of text is OpenAI's",
    ["tool-call"] = "#70 of tool-call has {} where Cohere writes null for arguments",
    ["tool-result"] = "of tool-result is OpenAI's",
  } do
    it(names, function()
      chat.answer(case, chat.call { model = "command-a-03-2025" })
    end)
  end

  it("of error-429 is a rate limit", function() chat.error "error-429" end)
  it("#75 of error-498 is content that was blocked", function() chat.error "error-498" end)
end)

describe("the stream", function()
  local STREAMS = {
    ["stream-error-mid"] = "of stream-error-mid ends in an error",
    ["stream-text"] = "#101 of stream-text loses no text around citations",
    ["stream-thinking"] = "of stream-thinking reasons, then speaks",
    ["stream-tools"] = "of stream-tools makes two calls",
  }
  local streams = transcripts.of {
    vendor = "cohere", dialect = dialect, provider = provider, model = "command-a-03-2025",
  }
  for case, name in pairs(STREAMS) do
    it(name .. ", cut after every byte", function() streams.stream_cut(case) end)
    it(name .. ", in pieces of 1 to 7 bytes", function() streams.stream_in_pieces(case) end)
  end

  it("without include_usage lacks nothing but the usage chunk", function()
    streams.usage_is_asked "stream-text"
  end)
end)

describe("embeddings", function()
  local embeddings = vendor "embeddings"

  it("are asked for and answered as in the transcript", function()
    local call = embeddings.call_of "embed"
    embeddings.request("embed", nil)
    assert(dialect.surfaces.embeddings.request(call, provider))
    embeddings.answer("embed", call)
  end)
end)

describe("reranking", function()
  local rerank = vendor "rerank"

  it("is asked for and answered as in the transcript", function()
    local call = rerank.call_of "rerank"
    rerank.request "rerank"
    assert(dialect.surfaces.rerank.request(call, provider))
    rerank.answer("rerank", call)
  end)
end)
