-- SPDX-License-Identifier: Apache-2.0
--- Every transcript of Replicate: predictions created, polled, streamed.

local json = require "gateway.json"
local spec = require "gateway.spec"
local transcripts = require "spec.support.transcripts"

local dialect = spec.script("providers/dialects", "replicate")
local provider = spec.script("providers", "replicate")

local MODEL = "meta/meta-llama-3-8b-instruct"

local vendor = transcripts.of { vendor = "replicate", dialect = dialect, provider = provider, model = MODEL }

--- A call whose polls are answered by the rest of a case's list, and how long it slept.
local function polling(case)
  local replies = transcripts.document("replicate", case, "response")
  local first = table.remove(replies, 1)
  local pauses = {}
  local ask, asked = transcripts.asking(replies)
  local call = vendor.call {
    ask = ask, sleep = function(milliseconds) pauses[#pauses + 1] = milliseconds end,
  }
  return call, json.encode(first.body), asked, pauses
end

describe("a prediction", function()
  it("is created with a wait", function()
    vendor.request("sync", function(made, expected)
      assert.equal(expected.headers.prefer, made.headers.prefer)
    end)
  end)

  it("#72 has its list of pieces joined", function() vendor.answer "sync" end)

  it("#72 is polled until it ends, and its text is taken", function()
    local call, text, asked, pauses = polling "poll"
    local made = assert(dialect.response(call, text, {}))
    transcripts.check(require "spec.support.same".document(
      transcripts.document("replicate", "poll", "expected.openai").body, json.decode(made)))
    assert.equal(2, #asked)
    for _, request in ipairs(asked) do
      assert.equal("GET", request.method)
      assert.equal("https://api.replicate.com/v1/predictions/p1abc", request.url)
    end
    assert.same({ 500, 750 }, pauses)
  end)

  it("that fails is a failure", function()
    local call, text = polling "failed"
    local made, failure = dialect.response(call, text, {})
    assert.is_nil(made)
    local expected = transcripts.document("replicate", "failed", "expected.openai")
    assert.equal(expected.status, failure.status)
    transcripts.check(require "spec.support.same".document(expected.body.error, transcripts.error_of(failure)))
  end)

  it("whose input is refused says title and detail", function() vendor.error "error-422" end)
end)

describe("a stream", function()
  it("is asked for with the prediction, and followed where that says", function()
    local created = transcripts.document("replicate", "poll", "response")[1]
    local ask, asked = transcripts.asking { created }
    local call = vendor.call {
      stream = true, ask = ask, request = { messages = json.array { { role = "user", content = "Hi" } } },
    }
    local made = assert(dialect.request(call, provider))
    local expected = transcripts.document("replicate", "stream", "request")
    assert.equal(expected.url, provider.base .. asked[1].path)
    assert.same(expected.body, json.decode(asked[1].body))
    assert.equal("GET", made.method)
    assert.equal("https://stream.replicate.com/v1/files/p1abc", made.url)
    assert.equal("text/event-stream", made.headers.accept)
  end)

  local STREAMS = {
    ["stream"] = "#91 of stream keeps the space that a token begins with",
    ["stream-error-mid"] = "of stream-error-mid ends in an error",
  }
  local followed = transcripts.of {
    vendor = "replicate", dialect = dialect, provider = provider, model = MODEL,
    kept = function() return { prediction = { id = "p1abc" } } end,
  }
  for case, name in pairs(STREAMS) do
    it(name .. ", cut after every byte", function() followed.stream_cut(case) end)
    it(name .. ", in pieces of 1 to 7 bytes", function() followed.stream_in_pieces(case) end)
  end
end)
