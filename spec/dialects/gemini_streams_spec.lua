-- SPDX-License-Identifier: Apache-2.0
--- Google's streams as OpenAI's chunks.

local chunks = require "spec.support.chunks"
local gemini = require "spec.support.gemini"
local json = require "gateway.json"

local function piece(parts, reason, more)
  local answer = gemini.answer(parts, reason, more)
  answer.candidates[1].finishReason = reason
  return answer
end

local function delta_of(chunk) return chunk.choices[1].delta end

--- The finish_reason of the last chunk that has one.
local function reason_of(list)
  for i = #list, 1, -1 do
    local choice = list[i].choices[1]
    if choice and choice.finish_reason ~= json.null then return choice.finish_reason end
  end
end

local CALL = { functionCall = { name = "f", args = { a = 1 } } }

describe("a stream of Gemini", function()
  it("#80 counts calls over all chunks", function()
    local list = gemini.streamed { piece { CALL }, piece { CALL, CALL }, piece({}, "STOP") }
    local indexes = {}
    for _, chunk in ipairs(list) do
      local call = chunk.choices[1] and delta_of(chunk).tool_calls
      if call and call[1].id then indexes[#indexes + 1] = call[1].index end
    end
    assert.same({ 0, 1, 2 }, indexes)
  end)

  it("#81 that stops after a call, in a later piece, ends with tool_calls", function()
    assert.equal("tool_calls", reason_of(gemini.streamed { piece { CALL }, piece({ { text = "" } }, "STOP") }))
    assert.equal("stop", reason_of(gemini.streamed { piece { { text = "a" } }, piece({ { text = "" } }, "STOP") }))
  end)

  it("#82 begins with the role, once", function()
    local list = gemini.streamed { piece { { text = "a" } }, piece({ { text = "b" } }, "STOP") }
    assert.same({ role = "assistant", content = "" }, delta_of(list[1]))
    assert.is_nil(delta_of(list[2]).role)
  end)

  it("#83 has content and reason of one piece one after the other", function()
    local list = gemini.streamed { piece({ { text = "a" } }, "STOP") }
    assert.equal("a", delta_of(list[2]).content)
    assert.same({}, delta_of(list[3]))
    assert.equal("stop", list[3].choices[1].finish_reason)
  end)

  it("#85 #86 tells the last counters, once, only when asked", function()
    local function counted(n, more)
      local made = piece({ { text = "a" } }, more)
      made.usageMetadata = { promptTokenCount = 5, candidatesTokenCount = n }
      return made
    end
    local list = gemini.streamed { counted(1), counted(2), counted(3, "STOP") }
    assert.equal(3, list[#list].usage.completion_tokens)
    assert.same({}, list[#list].choices)
    for i = 1, #list - 1 do assert.is_nil(list[i].usage) end
    local silent = gemini.streamed({ counted(3, "STOP") }, gemini.call({}, nil, { include_usage = false }))
    assert.is_nil(silent[#silent].usage)
  end)

  it("keeps its counters when a piece names the kind of traffic only", function()
    local first = piece { { text = "a" } }
    first.usageMetadata = { promptTokenCount = 5, candidatesTokenCount = 1 }
    local last = piece({}, "STOP")
    last.usageMetadata = { trafficType = "ON_DEMAND" }
    local list = gemini.streamed { first, last }
    assert.equal(5, list[#list].usage.prompt_tokens)
  end)

  it("may tell its usage in a piece behind the reason", function()
    local usage = { usageMetadata = { promptTokenCount = 5, candidatesTokenCount = 1 } }
    local list = gemini.streamed { piece({ { text = "a" } }, "STOP"), usage }
    assert.equal(6, list[#list].usage.total_tokens)
  end)

  it("#88 makes nothing of empty pieces", function()
    local list = gemini.streamed { piece {}, "", piece { { text = "" } }, piece({ { text = "a" } }, "STOP") }
    assert.equal(3, #list)
  end)

  it("#93 that is cut before a reason is truncated", function()
    local list, failure, before = gemini.streamed { piece { { text = "a" } } }
    assert.is_nil(list)
    assert.equal("upstream_stream_truncated", failure.code)
    assert.equal(2, #before)
    list, failure = gemini.streamed {}
    assert.is_nil(list)
    assert.equal("upstream_stream_truncated", failure.code)
  end)

  it("#94 whose first event is an error fails with its status before anything is seen", function()
    local list, failure, before = gemini.streamed { { error = { code = 429, message = "m" } } }
    assert.is_nil(list)
    assert.equal(429, failure.status)
    assert.equal(0, #before)
  end)

  it("#95 with an error in a list, or with its word only, is that error", function()
    local bare = '[{"error":{"status":"UNAVAILABLE","message":"m"}}]'
    local _, failure = gemini.streamed { piece { { text = "a" } }, bare }
    assert.equal(503, failure.status)
    assert.equal("m", failure.message)
  end)

  it("#95 with an error as bare JSON is that error, wherever its bytes are cut", function()
    local before = "data: " .. json.encode(piece { { text = "a" } }) .. "\r\n\r\n"
    for _, bare in ipairs {
      '{\r\n  "error": {\r\n    "code": 503,\r\n    "message": "busy"\r\n  }\r\n}\r\n\r\n',
      '[{"error":{"code":503,"message":"busy"}}]\n\n',
    } do
      local text = before .. bare
      for at = 0, #text do
        local list, failure = chunks.translated(gemini.dialect, gemini.call {}, chunks.cut(text, at))
        assert.equal("busy", list[#list].error.message)
        assert.equal(503, failure.status)
      end
    end
  end)

  it("#59 of a blocked prompt refuses", function()
    local list = gemini.streamed { { promptFeedback = { blockReason = "SAFETY" } } }
    assert.equal("The prompt was blocked by the provider (SAFETY).", delta_of(list[2]).refusal)
    assert.equal("content_filter", reason_of(list))
  end)

  it("#60 that is broken before anything useful fails, later it stops", function()
    local list, failure = gemini.streamed { piece({}, "MALFORMED_FUNCTION_CALL", { finishMessage = "words" }) }
    assert.is_nil(list)
    assert.equal("words", failure.message)
    list = gemini.streamed { piece { { text = "a" } }, piece({}, "MALFORMED_FUNCTION_CALL") }
    assert.equal("stop", reason_of(list))
  end)

  it("#73 of several candidates is told apart by its index", function()
    local list = gemini.streamed {
      { candidates = json.array { { index = 1, content = { parts = json.array { { text = "b" } } } } } },
      { candidates = json.array {
        { index = 0, content = { parts = json.array { { text = "a" } } }, finishReason = "STOP" },
        { index = 1, finishReason = "MAX_TOKENS" },
      } },
    }
    local reasons = {}
    for _, chunk in ipairs(list) do
      local choice = chunk.choices[1]
      if choice and choice.finish_reason ~= json.null then reasons[choice.index] = choice.finish_reason end
    end
    assert.same({ [0] = "stop", [1] = "length" }, reasons)
  end)

  it("#98 has reasoning, text and calls in order", function()
    local list = gemini.streamed {
      piece { { text = "t", thought = true } }, piece { { text = "a" } }, piece({ CALL }, "STOP"),
    }
    assert.equal("t", delta_of(list[2]).reasoning_content)
    assert.equal("a", delta_of(list[3]).content)
    assert.equal("f", delta_of(list[4]).tool_calls[1]["function"].name)
  end)

  it("#78 has {} once for a call without arguments", function()
    local list = gemini.streamed { piece({ { functionCall = { name = "f" } } }, "STOP") }
    assert.equal("", delta_of(list[2]).tool_calls[1]["function"].arguments)
    assert.equal("{}", delta_of(list[3]).tool_calls[1]["function"].arguments)
    assert.equal("tool_calls", list[4].choices[1].finish_reason)
  end)

  it("#90 leaves text that looks like the protocol alone", function()
    local text = "data: [DONE]\n\ndata: {\"error\":1}"
    local list = gemini.streamed { piece({ { text = text } }, "STOP") }
    assert.equal(text, delta_of(list[2]).content)
  end)

  it("#92 reads lines that end in CRLF, LF or CR", function()
    local body = "data: " .. json.encode(piece { { text = "a" } }) .. "\n\ndata: "
      .. json.encode(piece({ { text = "b" } }, "STOP")) .. "\n\n"
    local expected = chunks.translated(gemini.dialect, gemini.call {}, { body })
    for _, ending in ipairs { "\r\n", "\r" } do
      local other = body:gsub("\n", ending)
      for size = 1, 7 do
        assert.same(expected, chunks.translated(gemini.dialect, gemini.call {}, chunks.pieces(other, size)))
      end
    end
  end)

  it("tells sources where the client asked for a search", function()
    local call = gemini.call { tools = json.array { { googleSearch = {} } } }
    assert(gemini.dialect.request(call))
    local metadata = {
      groundingChunks = json.array { { web = { uri = "https://a.example" } } },
      groundingSupports = json.array { { segment = { startIndex = 3, endIndex = 4 }, groundingChunkIndices = { 0 } } },
    }
    local list = gemini.streamed({
      piece { { text = "é" } }, piece({ { text = "ab" } }, "STOP", { groundingMetadata = metadata }),
    }, call)
    local citation = delta_of(list[4]).annotations[1].url_citation
    assert.equal(2, citation.start_index)
    assert.equal(3, citation.end_index)
  end)

  it("has log probabilities beside its text", function()
    local list = gemini.streamed { piece({ { text = "a" } }, "STOP", { logprobsResult = {
      chosenCandidates = json.array { { token = "a", logProbability = -1 } },
    } }) }
    assert.equal("a", list[2].choices[1].logprobs.content[1].token)
    assert.equal("a", delta_of(list[2]).content)
  end)
end)

describe("arguments that come in pieces", function()
  local function arguments(...)
    local events = { piece { { functionCall = { name = "f", willContinue = true } } } }
    for _, entry in ipairs { ... } do
      events[#events + 1] = piece { { functionCall = { partialArgs = json.array { entry }, willContinue = true } } }
    end
    events[#events + 1] = piece({ { functionCall = {} } }, "STOP")
    local text = {}
    for _, chunk in ipairs(gemini.streamed(events)) do
      local calls = chunk.choices[1] and delta_of(chunk).tool_calls
      text[#text + 1] = calls and calls[1]["function"].arguments
    end
    return table.concat(text)
  end

  it("are collected by their path, in their order, and told once", function()
    assert.equal('{"z":"ab","a":[{"n":1.5},true],"x":null}', arguments(
      { jsonPath = "$.z", stringValue = "a", willContinue = true }, { jsonPath = "$.z", stringValue = "b" },
      { jsonPath = "$.a[0].n", numberValue = 1.5 }, { jsonPath = "$.a[1]", boolValue = true },
      { jsonPath = "$.x", nullValue = "NULL_VALUE" }))
    assert.equal("{}", arguments())
  end)

  it("have names in brackets, too, and survive a path that is none", function()
    assert.equal('{"a b":"x"}', arguments({ jsonPath = "$['a b']", stringValue = "x" }))
    assert.truthy(json.decode(arguments({ jsonPath = "$.a[99999999999].b!!", stringValue = "x" })))
    assert.truthy(json.decode(arguments({ jsonPath = "$" .. (".a"):rep(10000), stringValue = "x" })))
  end)
end)
