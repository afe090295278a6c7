-- SPDX-License-Identifier: Apache-2.0
--- Every transcript of Gemini's clients in front of OpenAI.

local chunks = require "spec.support.chunks"
local face = require "spec.support.gemini_face"
local json = require "gateway.json"
local same = require "spec.support.same"
local transcripts = require "spec.support.transcripts"

local VENDOR = "gemini-face"

local function document(case, kind, raw) return transcripts.document(VENDOR, case, kind, raw) end

--- The client's request as the face reads it, asked of a target that takes the model under its own name.
local function context_of(case)
  local client = document(case, "client", face.chat.raw_keys)
  local path, query = client.path:match "^([^?]*)%??(.*)$"
  local read = assert(face.chat.read(face.at(path, query)))
  assert.equal("openai/gpt-4.1-mini", read.model)
  return face.context("{}", {
    request = client.body, model = "gpt-4.1-mini", stream = read.stream, facts = read.facts,
    target = face.target("openai_chat", { name = "openai" }, "gpt-4.1-mini"),
  })
end

--- A client may leave out the limits of sampling that OpenAI has not.
local function payloads(text)
  local list = {}
  for _, event in ipairs(chunks.read(text)) do list[#list + 1] = event end
  return list
end

describe("a client of Gemini's API", function()
  for _, case in ipairs { "text", "tools" } do
    it("asks OpenAI for " .. case, function()
      local made = assert(face.chat.request(context_of(case)))
      transcripts.check(same.request(document(case, "upstream.openai.request").body, json.decode(json.encode(made))))
    end)
  end

  it("is answered", function()
    local response = document("text", "upstream.openai.response")
    local text = assert(face.chat.response(context_of "text", json.encode(response.body)))
    transcripts.check(same.document(document("text", "expected.gemini").body, json.decode(text)))
  end)

  it("is told an error", function()
    local expected = document("error", "expected.gemini")
    local status, text = face.chat.failure {
      status = 429, type = "rate_limit_error", code = "rate_limit_exceeded", message = "Rate limit reached.",
      retry_after = 7,
    }
    assert.equal(expected.status, status)
    transcripts.check(same.document(expected.body, json.decode(text)))
  end)

  it("reads a stream", function()
    local list = {}
    for _, chunk in ipairs(chunks.read(transcripts.text(VENDOR, "tools", "upstream.openai.stream.txt"))) do
      if chunk ~= "[DONE]" then list[#list + 1] = chunk end
    end
    local bytes = face.streamed(list, context_of "tools")
    local expected = payloads(transcripts.text(VENDOR, "tools", "expected.gemini.stream.txt"))
    transcripts.check(same.document(expected, payloads(bytes)))
  end)
end)
