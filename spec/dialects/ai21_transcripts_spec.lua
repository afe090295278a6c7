-- SPDX-License-Identifier: Apache-2.0
--- Every transcript of AI21.

local spec = require "gateway.spec"
local transcripts = require "spec.support.transcripts"

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
