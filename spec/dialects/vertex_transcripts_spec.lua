-- SPDX-License-Identifier: Apache-2.0
--- Every transcript of Vertex AI: Google's models and Claude.

local spec = require "gateway.spec"
local transcripts = require "spec.support.transcripts"

local gemini = spec.script("providers/dialects", "vertex_gemini")
local claude = spec.script("providers/dialects", "vertex_anthropic")
local provider = spec.script("providers", "vertex-ai")

local function base(region)
  return ("https://%s-aiplatform.googleapis.com/v1/projects/my-proj/locations/%s"):format(region, region)
end

local google = transcripts.of {
  vendor = "vertex", dialect = gemini, provider = provider, base = base "us-central1",
}
local anthropic = transcripts.of {
  vendor = "vertex", dialect = claude, provider = provider, base = base "us-east5",
}

describe("Google's models on Vertex", function()
  it("are asked as in gemini-text", function() google.request "gemini-text" end)
  it("answer as in gemini-text", function() google.answer "gemini-text" end)
  it("fail as in error-list-wrapped", function() google.error "error-list-wrapped" end)
  it("stream arguments in pieces, cut after every byte", function() google.stream_cut "gemini-stream-partial-args" end)
  it("stream arguments in pieces, in pieces of 1 to 7 bytes", function()
    google.stream_in_pieces "gemini-stream-partial-args"
  end)
end)

describe("Claude on Vertex", function()
  it("is asked as in anthropic-text", function()
    anthropic.request("anthropic-text", function(made) assert.is_nil(next(made.headers)) end)
  end)
  it("streams as in anthropic-text, cut after every byte", function() anthropic.stream_cut "anthropic-text" end)
  it("streams as in anthropic-text, in pieces of 1 to 7 bytes", function()
    anthropic.stream_in_pieces "anthropic-text"
  end)
  it("fails in Google's words and in its own", function()
    local list = claude.failure(429, {}, '[{"error":{"code":429,"message":"a","status":"RESOURCE_EXHAUSTED"}}]')
    assert.equal("rate_limit_exceeded", list.code)
    local own = claude.failure(529, {}, '{"type":"error","error":{"type":"overloaded_error","message":"b"}}')
    assert.equal(503, own.status)
    assert.equal("b", own.message)
    assert.equal(502, claude.failure(502, {}, "<html>").status)
  end)
end)

describe("embeddings on Vertex", function()
  local embed = transcripts.of {
    vendor = "vertex", dialect = gemini, operation = gemini.surfaces.embeddings, surface = "embeddings",
    provider = provider, base = base "us-central1",
  }
  local json = require "gateway.json"
  local same = require "spec.support.same"

  local function call_of(model, more)
    local request = { input = json.array { "a", "b" }, dimensions = 3, input_type = "search_query" }
    for name, value in pairs(more or {}) do request[name] = value end
    return embed.call { model = model, request = request }
  end

  it("are predicted, and their tokens counted", function()
    local call = call_of "text-embedding-005"
    local made = assert(gemini.surfaces.embeddings.request(call))
    local expected = transcripts.document("vertex", "embed", "request")
    transcripts.check(same.document(expected.body, json.decode(made.body)))
    assert.equal(expected.url, base "us-central1" .. made.path)
    embed.answer("embed", call)
  end)

  it("of gemini-embedding-001 are asked for one by one", function()
    local asked = {}
    local call = call_of "gemini-embedding-001"
    call.ask = function(request)
      asked[#asked + 1] = json.decode(request.body)
      return { status = 200, headers = {}, text = '{"predictions":[{"embeddings":{"values":[1]}}]}' }
    end
    local made = assert(gemini.surfaces.embeddings.request(call))
    assert.equal("a", asked[1].instances[1].content)
    assert.equal("b", json.decode(made.body).instances[1].content)
  end)

  it("of later models are content, of the multimodal one instances of text", function()
    local call = call_of("gemini-embedding-2", { input = "a" })
    local made = assert(gemini.surfaces.embeddings.request(call))
    assert.truthy(made.path:find ":embedContent$")
    assert.equal(3, json.decode(made.body).embedContentConfig.outputDimensionality)
    local text = gemini.surfaces.embeddings.response(call, '{"embedding":{"values":[1]}}', {})
    assert.same({ 1 }, json.decode(text).data[1].embedding)
    call = call_of("multimodalembedding@001", { input = "a" })
    made = assert(gemini.surfaces.embeddings.request(call))
    assert.same({ instances = { { text = "a" } }, parameters = { dimension = 3 } }, json.decode(made.body))
    text = gemini.surfaces.embeddings.response(call, '{"predictions":[{"textEmbedding":[2]}]}', {})
    assert.same({ 2 }, json.decode(text).data[1].embedding)
  end)
end)
