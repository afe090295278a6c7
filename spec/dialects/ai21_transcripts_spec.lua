-- SPDX-License-Identifier: Apache-2.0
--- Every transcript of AI21.

local json = require "gateway.json"
local spec = require "gateway.spec"
local transcripts = require "spec.support.transcripts"
local ways = require "spec.support.ways"

local vendor = transcripts.of {
  vendor = "ai21", dialect = spec.script("providers/dialects", "ai21"), provider = spec.script("providers", "ai21"),
  model = "jamba-large",
}

it("the request of text is the vendor's", function() vendor.request "text" end)
it("the answer of text has its gaps filled", function() vendor.answer "text" end)
it("the answer of error-401 is a refused credential", function() vendor.error "error-401" end)

describe("the stream of stream-text", function()
  it("is OpenAI's, cut after every byte", function() vendor.stream_cut "stream-text" end)
  it("is OpenAI's, in pieces of 1 to 7 bytes", function() vendor.stream_in_pieces "stream-text" end)
  it("without include_usage lacks nothing but the usage chunk", function() vendor.usage_is_asked "stream-text" end)
end)

describe("an older model", function()
  local dialect = spec.script("providers/dialects", "ai21_complete")
  local way = ways.through(dialect, spec.script("providers", "ai21"), "j2-mid")

  it("gets one prompt, and its text is the answer", function()
    local body, made = way:sent { max_tokens = 5, stop = "END", messages = json.array {
      { role = "system", content = "s" }, { role = "user", content = "u" },
    } }
    assert.equal("/j2-mid/complete", made.path)
    assert.same({ prompt = "s\nUser: u\nAssistant:", numResults = 1, maxTokens = 5, stopSequences = { "END" } }, body)
    local answer = way:answered {
      completions = json.array {
        { data = { text = "hi", tokens = json.array { {} } }, finishReason = { reason = "length" } },
      },
    }
    assert.equal("hi", answer.choices[1].message.content)
    assert.equal("length", answer.choices[1].finish_reason)
    assert.equal(1, answer.usage.completion_tokens)
  end)

  it("does not stream", function()
    local made, failure = way:sent({}, nil, { stream = true })
    assert.is_nil(made)
    assert.equal(400, failure.status)
  end)
end)
