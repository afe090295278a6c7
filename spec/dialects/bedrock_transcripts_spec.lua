-- SPDX-License-Identifier: Apache-2.0
--- Every transcript of Bedrock: the request we send, the answer and the stream the client gets.

local json = require "gateway.json"
local same = require "spec.support.same"
local spec = require "gateway.spec"
local transcripts = require "spec.support.transcripts"

local dialect = spec.script("providers/dialects", "bedrock_converse")
local invoke = spec.script("providers/dialects", "bedrock_invoke")
local provider = spec.script("providers", "bedrock")

local CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
local BASE = "https://bedrock-runtime.us-east-1.amazonaws.com"
local ID = { ["x-amzn-requestid"] = "11111111-2222-3333-4444-555555555555" }

local function vendor_of(more)
  local options = {
    vendor = "bedrock", dialect = dialect, provider = provider, base = BASE, model = CLAUDE, headers = ID,
    variables = { region = "us-east-1" },
  }
  for name, value in pairs(more or {}) do options[name] = value end
  return transcripts.of(options)
end

local vendor = vendor_of()

local ANSWERS = { "text", "thinking", "tool-call", "tool-result" }
local ERRORS = { "error-access", "error-model", "error-throttling", "error-validation" }
local STREAMS = {
  "stream-bad-crc", "stream-cut-frame", "stream-error-mid", "stream-guardrail", "stream-text", "stream-thinking",
  "stream-tools",
}

describe("the request", function()
  for _, case in ipairs { "text", "thinking", "tool-call", "tool-result", "stream-text" } do
    it("of " .. case .. " is the vendor's", function()
      vendor.request(case, function(made, expected)
        assert.equal(expected.headers.accept or "application/json", made.headers.accept)
        assert.is_nil(made.headers.authorization)
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

  it("#75 of a model's own fault (424) is a 502", function() vendor.error "error-model" end)

  it("#64 counts cached and written tokens in prompt_tokens once", function() vendor.answer "text" end)
end)

describe("the stream", function()
  for _, case in ipairs(STREAMS) do
    it("#97 of " .. case .. " is the same, cut after every byte", function() vendor.stream_cut(case) end)

    it("#97 of " .. case .. " is the same in pieces of 1 to 7 bytes", function() vendor.stream_in_pieces(case) end)
  end

  it("#94 of stream-error-first fails before anything is seen, with the status of the error", function()
    vendor.stream_fails_first "stream-error-first"
  end)

  it("#95 of stream-error-mid ends in the error's own words", function()
    vendor.streamed("stream-error-mid", { transcripts.bytes("bedrock", "stream-error-mid", "stream.hex") })
  end)

  it("#96 of stream-bad-crc ends in upstream_stream_corrupt", function()
    vendor.streamed("stream-bad-crc", { transcripts.bytes("bedrock", "stream-bad-crc", "stream.hex") })
  end)

  it("without include_usage lacks nothing but the usage chunk", function() vendor.usage_is_asked "stream-text" end)
end)

describe("Claude through InvokeModel", function()
  local claude = vendor_of { dialect = invoke, provider = spec.script("providers", "bedrock-invoke") }

  it("is sent Anthropic's body, and streams Anthropic's events in frames", function()
    local expected = transcripts.document("bedrock", "invoke-anthropic", "request")
    local call = claude.call {
      stream = true, request = json.decode '{"max_tokens":64,"messages":[{"role":"user","content":"Hi"}]}',
    }
    local made = assert(invoke.request(call, provider))
    transcripts.check(same.document(expected.body, json.decode(made.body)))
    assert.equal(expected.url, BASE .. made.path)
    assert.equal(expected.headers.accept, made.headers.accept)
    claude.stream_cut "invoke-anthropic"
    claude.stream_in_pieces "invoke-anthropic"
  end)
end)

--- The transcript of a surface beside chat.
local function surface_of(name, model, variables)
  return vendor_of {
    operation = dialect.surfaces[name], surface = name, model = model,
    variables = variables or { region = "us-east-1" },
  }
end

describe("embeddings", function()
  it("#42 of Cohere's models are asked for in one call", function()
    local cohere = surface_of("embeddings", "cohere.embed-english-v3")
    cohere.request "embed-cohere"
    cohere.answer("embed-cohere", cohere.call { request = { input = json.array { "a", "b" } } })
  end)

  it("#42 of Titan's are asked for text by text", function()
    local titan = surface_of("embeddings", "amazon.titan-embed-text-v2:0")
    local response = transcripts.document("bedrock", "embed-titan", "response")
    local expected = transcripts.document("bedrock", "embed-titan", "request")
    local ask, asked = transcripts.asking { response }
    local call = titan.call_of("embed-titan", { ask = ask })
    local last = assert(dialect.surfaces.embeddings.request(call, provider))
    transcripts.check(same.document(expected.body, json.decode(asked[1].body)))
    expected.body.inputText = "b"
    transcripts.check(same.document(expected.body, json.decode(last.body)))
    assert.equal(expected.url, BASE .. last.path)
    assert.equal(asked[1].path, last.path)
    titan.answer("embed-titan", call)
  end)
end)

describe("rerank", function()
  it("goes to the agent runtime of the region, the model as an ARN", function()
    local rerank = surface_of("rerank", "cohere.rerank-v3-5:0", { region = "us-west-2" })
    local request = { query = "capital of France", documents = json.array { "Lyon", "Paris" }, top_n = 2 }
    local expected = transcripts.document("bedrock", "rerank", "request")
    local made = assert(dialect.surfaces.rerank.request(rerank.call { request = request }, provider))
    transcripts.check(same.document(expected.body, json.decode(made.body)))
    assert.equal(expected.url, made.url)
    rerank.answer("rerank", rerank.call { request = request })
  end)
end)

describe("count_tokens", function()
  it("#41 asks without the region prefix, with what will be sent", function()
    local count = surface_of("count_tokens", CLAUDE)
    local request = json.decode [[{"messages":[{"role":"system","content":"Be brief."},
      {"role":"user","content":"Hi there"}],"tools":[{"type":"function",
      "function":{"name":"get_time","description":"Server time."}}]}]]
    local expected = transcripts.document("bedrock", "count-tokens", "request")
    local made = assert(dialect.surfaces.count_tokens.request(count.call { request = request }, provider))
    transcripts.check(same.document(expected.body, json.decode(made.body)))
    assert.equal(expected.url, BASE .. made.path)
    assert.equal('{"input_tokens":33}', (dialect.surfaces.count_tokens.response(count.call(), '{"inputTokens":33}')))
  end)
end)
