-- SPDX-License-Identifier: Apache-2.0
--- Every transcript of Text Generation Inference's own routes.

local json = require "gateway.json"
local spec = require "gateway.spec"
local transcripts = require "spec.support.transcripts"

local dialect = spec.script("providers/dialects", "tgi_generate")
local provider = spec.script("providers", "tgi-generate")

local vendor = transcripts.of {
  vendor = "tgi", dialect = dialect, provider = provider, model = "tgi", variables = { template = "raw" },
}

it("the request of text is the vendor's", function()
  local expected = transcripts.document("tgi", "text", "request")
  local call = vendor.call {
    request = {
      messages = json.array { { role = "user", content = "<rendered chat prompt>" } },
      max_tokens = 8, temperature = 0.5, top_p = 0.9, stop = json.array { "END" }, seed = 2,
    },
  }
  local made = assert(dialect.request(call, provider))
  assert.same(expected.body, json.decode(made.body))
  assert.equal("/generate", made.path)
end)

it("the answer of text is OpenAI's", function() vendor.answer "text" end)
it("the answer of error-429 is a rate limit", function() vendor.error "error-429" end)

describe("the stream", function()
  local STREAMS = {
    ["stream-error-mid"] = "of stream-error-mid ends in an error",
    ["stream-text"] = "#91 of stream-text is read though no space follows `data:`",
  }
  for case, name in pairs(STREAMS) do
    it(name .. ", cut after every byte", function() vendor.stream_cut(case) end)
    it(name .. ", in pieces of 1 to 7 bytes", function() vendor.stream_in_pieces(case) end)
  end

  it("without include_usage lacks nothing but the usage chunk", function() vendor.usage_is_asked "stream-text" end)
end)
