-- SPDX-License-Identifier: Apache-2.0
--- Google's answers and failures as the client reads them.

local gemini = require "spec.support.gemini"
local json = require "gateway.json"

local function message_of(parts, reason, more)
  local answer, failure = gemini.answered(gemini.answer(parts, reason, more))
  if not answer then return nil, failure end
  return answer.choices[1].message, answer.choices[1].finish_reason, answer.choices[1]
end

local CALL = { functionCall = { name = "f", args = { a = 1 } } }

describe("an answer of Gemini", function()
  it("#58 that stops with calls says so", function()
    local message, reason = message_of { CALL }
    assert.equal("tool_calls", reason)
    assert.equal(1, #message.tool_calls)
  end)

  it("#63 has no content when it has calls only", function()
    assert.equal(json.null, message_of({ CALL }).content)
  end)

  it("#61 keeps text beside calls, #62 text parts in one", function()
    local message = message_of { { text = "a" }, { text = "b" }, CALL }
    assert.equal("ab", message.content)
    assert.equal(1, #message.tool_calls)
  end)

  it("#66 that was cut inside a call is of length", function()
    local _, reason = message_of({ CALL }, "MAX_TOKENS")
    assert.equal("length", reason)
  end)

  it("#59 to a blocked prompt is a refusal, not an empty stop", function()
    local answer = gemini.answered { promptFeedback = { blockReason = "SAFETY", blockReasonMessage = "Because." } }
    assert.equal("content_filter", answer.choices[1].finish_reason)
    assert.equal("The prompt was blocked by the provider (SAFETY). Because.", answer.choices[1].message.refusal)
    assert.equal(json.null, answer.choices[1].message.content)
  end)

  it("#60 ends for any reason, also one that nobody knows yet", function()
    local expected = {
      STOP = "stop", MAX_TOKENS = "length", SAFETY = "content_filter", RECITATION = "content_filter",
      BLOCKLIST = "content_filter", PROHIBITED_CONTENT = "content_filter", SPII = "content_filter",
      LANGUAGE = "content_filter", IMAGE_SAFETY = "content_filter", OTHER = "stop", NO_IMAGE = "stop",
      FINISH_REASON_UNSPECIFIED = "stop", SOMETHING_OF_NEXT_YEAR = "stop", MALFORMED_FUNCTION_CALL = "stop",
    }
    for given, wanted in pairs(expected) do
      local _, reason = message_of({ { text = "a" } }, given)
      assert.equal(wanted, reason)
    end
  end)

  it("#60 that is broken and empty is a failure with the vendor's words", function()
    local message, failure = message_of({}, "MALFORMED_FUNCTION_CALL", { finishMessage = "Malformed call: x" })
    assert.is_nil(message)
    assert.equal(502, failure.status)
    assert.equal("upstream_error", failure.code)
    assert.equal("Malformed call: x", failure.message)
  end)

  it("without candidates and without a reason is no answer", function()
    for _, text in ipairs { "{}", '{"candidates":[]}', "[]", "nonsense", "", '{"usageMetadata":{}}' } do
      local answer, failure = gemini.answered(text)
      assert.is_nil(answer)
      assert.equal("upstream_invalid_response", failure.code)
    end
  end)

  it("that holds an error is that error", function()
    local answer, failure = gemini.answered '[{"error":{"code":503,"message":"busy","status":"UNAVAILABLE"}}]'
    assert.is_nil(answer)
    assert.equal(503, failure.status)
    assert.equal("busy", failure.message)
  end)

  it("may have no content, or no parts", function()
    for _, candidate in ipairs {
      { finishReason = "STOP" }, { finishReason = "STOP", content = { role = "model" } },
      { finishReason = "STOP", content = { parts = json.array {} } },
    } do
      local answer = gemini.answered { candidates = json.array { candidate } }
      assert.equal(json.null, answer.choices[1].message.content)
      assert.equal("stop", answer.choices[1].finish_reason)
    end
  end)

  it("#73 of several candidates has as many choices, each with its own index", function()
    local answer = gemini.answer { { text = "a" } }
    answer.candidates[2] = { index = 1, content = { parts = json.array { { text = "b" } } }, finishReason = "STOP" }
    local choices = gemini.answered(answer).choices
    assert.equal(0, choices[1].index)
    assert.equal(1, choices[2].index)
    assert.equal("b", choices[2].message.content)
  end)

  it("gives every call an id of its own, and #52 keeps arguments as they were written", function()
    local answer = gemini.answered('{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f",'
      .. '"args":{"z":1.0,"a":12345678901234567890}}},{"functionCall":{"name":"f","args":{"z":1.0}}}]}}]}')
    local calls = answer.choices[1].message.tool_calls
    assert.equal('{"z":1.0,"a":12345678901234567890}', calls[1]["function"].arguments)
    assert.truthy(calls[1].id:find "^call_%w+$" and #calls[1].id == 29)
    assert.not_equal(calls[1].id, calls[2].id)
  end)

  it("#36 has signatures beside ids, not in them", function()
    local message = message_of { { functionCall = { id = "x", name = "f" }, thoughtSignature = "SIG" } }
    assert.equal("x", message.tool_calls[1].id)
    assert.same({ google = { thought_signature = "SIG" } }, message.tool_calls[1].extra_content)
    assert.is_nil(message.extra_content)
  end)

  it("#64 #65 counts cached tokens once, and thoughts as output", function()
    local answer = gemini.answer { { text = "a" } }
    answer.usageMetadata = {
      promptTokenCount = 10, toolUsePromptTokenCount = 2, cachedContentTokenCount = 4, candidatesTokenCount = 3,
      thoughtsTokenCount = 5, totalTokenCount = 20,
      promptTokensDetails = json.array { { modality = "AUDIO", tokenCount = 7 } },
    }
    local made, counts = gemini.answered(answer)
    assert.same({
      prompt_tokens = 12, completion_tokens = 8, total_tokens = 20, prompt_tokens_details = { cached_tokens = 4 },
      completion_tokens_details = { reasoning_tokens = 5 },
    }, made.usage)
    assert.equal(7, counts.audio_input_tokens)
  end)

  it("has images and audio as OpenAI's clients look for them", function()
    local message = message_of {
      { inlineData = { mimeType = "image/png", data = "AAAA" } },
      { inlineData = { mimeType = "audio/wav", data = "BBBB" } },
    }
    assert.equal("data:image/png;base64,AAAA", message.images[1].image_url.url)
    assert.equal("BBBB", message.audio.data)
  end)

  it("#68 leaves out what the vendor's own tools did", function()
    local message = message_of {
      { executableCode = { language = "PYTHON", code = "1" } }, { codeExecutionResult = { outcome = "OK" } },
      { text = "a" },
    }
    assert.equal("a", message.content)
    assert.is_nil(message.tool_calls)
  end)

  it("tells sources in characters, not in bytes", function()
    local message = message_of({ { text = "köln ist schön" } }, "STOP", { groundingMetadata = {
      groundingChunks = json.array { { web = { uri = "https://a.example", title = "A" } } },
      groundingSupports = json.array { { segment = { startIndex = 6, endIndex = 9 }, groundingChunkIndices = { 0 } } },
    } })
    assert.same({ { type = "url_citation", url_citation = {
      start_index = 5, end_index = 8, url = "https://a.example", title = "A",
    } } }, message.annotations)
  end)

  it("has log probabilities with the bytes of each token", function()
    local _, _, choice = message_of({ { text = "é" } }, "STOP", { logprobsResult = {
      chosenCandidates = json.array { { token = "é", tokenId = 1, logProbability = -0.5 } },
      topCandidates = json.array { { candidates = json.array { { token = "é", logProbability = -0.5 } } } },
    } })
    assert.same({ {
      token = "é", logprob = -0.5, bytes = { 195, 169 },
      top_logprobs = { { token = "é", logprob = -0.5, bytes = { 195, 169 } } },
    } }, choice.logprobs.content)
  end)

  it("#67 has the reason of a refusal where the vendor tells it", function()
    local message, reason = message_of({}, "SAFETY", { finishMessage = "Unsafe." })
    assert.equal("content_filter", reason)
    assert.equal("Unsafe.", message.refusal)
  end)
end)

describe("a failure of Gemini", function()
  local function failure_of(status, body, headers)
    return gemini.dialect.failure(status, headers or {}, type(body) == "table" and json.encode(body) or body)
  end

  local function error_body(code, word, details, message)
    return { error = { code = code, message = message or "words", status = word, details = details } }
  end

  it("has the statuses of its words", function()
    local cases = {
      { 400, "INVALID_ARGUMENT", 400, "invalid_request" }, { 400, "FAILED_PRECONDITION", 403, "permission_denied" },
      { 401, "UNAUTHENTICATED", 401, "invalid_api_key" }, { 402, nil, 429, "insufficient_quota" },
      { 403, "PERMISSION_DENIED", 403, "permission_denied" }, { 404, "NOT_FOUND", 404, "model_not_found" },
      { 429, "RESOURCE_EXHAUSTED", 429, "rate_limit_exceeded" }, { 499, "CANCELLED", 502, "upstream_error" },
      { 500, "INTERNAL", 502, "upstream_error" }, { 503, "UNAVAILABLE", 503, "overloaded" },
      { 504, "DEADLINE_EXCEEDED", 504, "upstream_timeout" },
    }
    for _, case in ipairs(cases) do
      local found = failure_of(case[1], error_body(case[1], case[2]))
      assert.equal(case[3], found.status)
      assert.equal(case[4], found.code)
      assert.equal("words", found.message)
    end
  end)

  it("of a prompt that is too long is known by its words", function()
    local found = failure_of(400, error_body(400, "INVALID_ARGUMENT", nil,
      "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."))
    assert.equal("context_length_exceeded", found.code)
  end)

  it("of a day's quota is not worth an early retry", function()
    local violations = json.array { { quotaId = "GenerateRequestsPerDayPerProject" } }
    local kind = "type.googleapis.com/google.rpc.QuotaFailure"
    local details = json.array { { ["@type"] = kind, violations = violations } }
    assert.is_true(failure_of(429, error_body(429, "RESOURCE_EXHAUSTED", details)).elsewhere)
    assert.is_nil(failure_of(429, error_body(429, "RESOURCE_EXHAUSTED")).elsewhere)
  end)

  it("waits as long as a header says where the body says nothing", function()
    assert.equal(3, failure_of(429, error_body(429), { ["retry-after"] = "3" }).retry_after)
  end)

  it("#74 may be HTML, empty, cut, a list, or have a number as its code", function()
    for _, text in ipairs {
      "<html>Bad Gateway</html>", "", '{"error":{"code":50', "[]", "[1]", "null", '{"error":"words"}',
    } do
      local found = failure_of(500, text)
      assert.equal(502, found.status)
      assert.equal("string", type(found.code))
      assert.equal("string", type(found.message))
    end
    assert.equal(502, failure_of(500, nil).status)
    assert.equal("busy", failure_of(503, '[{"error":{"code":503,"message":"busy"}}]').message)
  end)
end)
