-- SPDX-License-Identifier: Apache-2.0
--- Every transcript of Ollama: the requests we send, the answers and the streams the client gets.

local json = require "gateway.json"
local spec = require "gateway.spec"
local transcripts = require "spec.support.transcripts"

local dialect = spec.script("providers/dialects", "ollama")
local provider = { base = "http://127.0.0.1:11434", paths = { chat = "/api/chat", embeddings = "/api/embed" } }

local vendor = transcripts.of {
  vendor = "ollama", dialect = dialect, provider = provider, base = "http://127.0.0.1:11434", model = "llama3.2",
}

describe("the request", function()
  for _, case in ipairs { "text", "tool-result" } do
    it("of " .. case .. " is the vendor's", function() vendor.request(case) end)
  end
end)

describe("the answer", function()
  it("of text is OpenAI's", function() vendor.answer "text" end)
  it("#71 of tool-call gives an id to a call that has none", function() vendor.answer "tool-call" end)
  it("of error-404 is a model that is not there", function() vendor.error "error-404" end)
end)

describe("the stream", function()
  local STREAMS = {
    ["stream-error-mid"] = "of stream-error-mid ends in an error",
    ["stream-text"] = "of stream-text stops at its length",
    ["stream-tools"] = "#71 of stream-tools makes two calls of two that are both number 0",
  }
  for case, name in pairs(STREAMS) do
    it(name .. ", cut after every byte", function() vendor.stream_cut(case) end)
    it(name .. ", in pieces of 1 to 7 bytes", function() vendor.stream_in_pieces(case) end)
  end

  it("without include_usage lacks nothing but the usage chunk", function() vendor.usage_is_asked "stream-text" end)
end)

describe("embeddings", function()
  local operation = dialect.surfaces.embeddings
  local embeddings = transcripts.of {
    vendor = "ollama", dialect = dialect, provider = provider, operation = operation, surface = "embeddings",
    model = "nomic-embed-text",
  }

  it("are asked for and answered as in the transcript", function()
    local call = embeddings.call {
      request = { model = "ollama/nomic-embed-text", input = json.array { "a", "b" }, dimensions = 2 },
    }
    local made = assert(operation.request(call, provider))
    local expected = transcripts.document("ollama", "embed", "request")
    assert.same(expected.body, json.decode(made.body))
    assert.equal(expected.url, "http://127.0.0.1:11434" .. made.path)
    embeddings.answer("embed", call)
  end)
end)
