-- SPDX-License-Identifier: Apache-2.0
--- Whole answers and failures of Anthropic. Numbers are those of the list of edge cases.

local anthropic = require "spec.support.anthropic"
local json = require "gateway.json"

local answered, dialect = anthropic.answered, anthropic.dialect

local function choice(answer)
  return assert(answered(answer)).choices[1]
end

local function text(words) return { type = "text", text = words } end
local function use(id, name, input) return { type = "tool_use", id = id, name = name, input = input or {} } end

describe("an answer", function()
  it("#61 keeps text beside calls", function()
    local made = choice { content = json.array { text "a", use("1", "f") }, stop_reason = "tool_use" }
    assert.equal("a", made.message.content)
    assert.equal(1, #made.message.tool_calls)
    assert.equal("tool_calls", made.finish_reason)
  end)

  it("#62 joins texts without anything between", function()
    local made = choice { content = json.array { text "a", text "b" }, stop_reason = "end_turn" }
    assert.equal("ab", made.message.content)
  end)

  it("#57 reads half of a character as U+FFFD", function()
    local made = choice([[{"content":[{"type":"text","text":"a\ud83d"},]]
      .. [[{"type":"tool_use","id":"1","name":"f","input":{"x":"\\\udc00","y":"\ud83d\ude00"}}]}]])
    assert.equal("a\239\191\189", made.message.content)
    local input = json.decode(made.message.tool_calls[1]["function"].arguments)
    assert.same({ x = "\\\239\191\189", y = "\240\159\152\128" }, input)
  end)

  it("#63 of calls alone has null for content", function()
    assert.equal(json.null, choice({ content = json.array { use("1", "f") } }).message.content)
  end)

  it("#52 keeps the order and the spelling of arguments", function()
    local input = '{"z":1.0,"a":12345678901234567890}'
    local made = choice('{"content":[{"type":"tool_use","id":"1","name":"f","input":' .. input .. "}]}")
    assert.equal(input, made.message.tool_calls[1]["function"].arguments)
  end)

  it("says tool_calls whenever there are some to run, and length when it was cut", function()
    local content = json.array { use("1", "f") }
    assert.equal("tool_calls", choice({ content = content, stop_reason = "end_turn" }).finish_reason)
    assert.equal("length", choice({ content = content, stop_reason = "max_tokens" }).finish_reason)
  end)

  it("has a finish_reason for every stop_reason, also for new ones", function()
    local reasons = {
      end_turn = "stop", stop_sequence = "stop", pause_turn = "stop", compaction = "stop", brand_new = "stop",
      max_tokens = "length", model_context_window_exceeded = "length", refusal = "content_filter",
    }
    for reason, expected in pairs(reasons) do
      assert.equal(expected, choice({ content = json.array { text "x" }, stop_reason = reason }).finish_reason)
    end
    assert.equal("stop", choice({ content = json.array { text "x" } }).finish_reason)
  end)

  it("#67 that is a refusal says why, if the vendor does", function()
    local made = choice { content = json.array {}, stop_reason = "refusal", stop_details = { explanation = "No." } }
    assert.equal("No.", made.message.refusal)
    made = choice { content = json.array {}, stop_reason = "refusal", stop_details = json.null }
    assert.equal(json.null, made.message.refusal)
  end)

  it("#68 leaves out the vendor's own tools", function()
    local made = choice { content = json.array {
      { type = "server_tool_use", id = "s", name = "web_search", input = {} },
      { type = "web_search_tool_result", tool_use_id = "s", content = json.array {} }, text "x", { type = "brand_new" },
    } }
    assert.equal("x", made.message.content)
    assert.is_nil(made.message.tool_calls)
  end)

  it("names the pages a text cites, with the place of the text", function()
    local cited = text "née"
    cited.citations = json.array {
      { type = "web_search_result_location", url = "https://a.example", title = "A" }, { type = "char_location" },
    }
    local made = choice { content = json.array { text "é ", cited } }
    assert.equal(1, #made.message.annotations)
    local citation = made.message.annotations[1].url_citation
    assert.equal("https://a.example", citation.url)
    assert.equal(2, citation.start_index)
    assert.equal(5, citation.end_index)
  end)

  it("#33 carries the signed blocks unchanged, and their text", function()
    local made = choice { content = json.array {
      { type = "thinking", thinking = "a", signature = "s" }, { type = "redacted_thinking", data = "d" },
      { type = "thinking", thinking = "b", signature = "t" }, text "x",
    } }
    assert.equal("ab", made.message.reasoning_content)
    assert.equal(3, #made.message.thinking_blocks)
    assert.equal("d", made.message.thinking_blocks[2].data)
  end)

  it("has the id of the request when the vendor sends none, and its own model", function()
    local call = anthropic.call({}, nil, { id = "trace" })
    local made = answered({ content = json.array { text "x" } }, call)
    assert.equal("chatcmpl-trace", made.id)
    assert.equal("claude-sonnet-4-5", made.model)
    assert.equal(1767225600, made.created)
  end)

  it("#65 counts reasoning once, inside the completion, by name", function()
    local made = answered { content = json.array {}, usage = {
      input_tokens = 1, output_tokens = 7, output_tokens_details = { thinking_tokens = 3 },
    } }
    assert.equal(7, made.usage.completion_tokens)
    assert.equal(8, made.usage.total_tokens)
    assert.equal(3, made.usage.completion_tokens_details.reasoning_tokens)
  end)

  it("#64 counts cached and written tokens once", function()
    local made, usage = answered { content = json.array {}, usage = {
      input_tokens = 1, cache_read_input_tokens = 10, cache_creation_input_tokens = 100, output_tokens = 7,
      output_tokens_details = { thinking_tokens = 3 },
    } }
    assert.equal(111, made.usage.prompt_tokens)
    assert.equal(118, made.usage.total_tokens)
    assert.equal(10, made.usage.prompt_tokens_details.cached_tokens)
    assert.equal(100, made.usage.prompt_tokens_details.cache_write_tokens)
    assert.equal(3, made.usage.completion_tokens_details.reasoning_tokens)
    assert.same({
      prompt_tokens = 111, completion_tokens = 7, cached_tokens = 10, cache_write_tokens = 100, reasoning_tokens = 3,
    }, usage)
  end)

  it("leaves out what the vendor does not report", function()
    local made = answered { content = json.array {}, usage = { input_tokens = 1, output_tokens = 2 } }
    assert.is_nil(made.usage.prompt_tokens_details)
    assert.is_nil(answered({ content = json.array {} }).usage)
  end)

  it("that is none is a failure, never an empty answer", function()
    local bodies = {
      "", "<html>", "{}", "[]", '{"content":"x"}', '{"type":"error","error":{"type":"api_error","message":"m"}}',
    }
    for _, body in ipairs(bodies) do
      local made, failure = answered(body)
      assert.is_nil(made)
      assert.equal(502, failure.status)
      assert.equal("upstream_invalid_response", failure.code)
    end
  end)
end)

describe("a failure", function()
  local function body(kind, message, code)
    local details = code and { error_code = code }
    return json.encode { type = "error", error = { type = kind, message = message, details = details } }
  end

  local function expect(status, expected_status, kind, code, text_of)
    local failure = dialect.failure(status, {}, text_of or body("some_error", "words"))
    assert.equal(expected_status, failure.status)
    assert.equal(kind, failure.type)
    assert.equal(code, failure.code)
    return failure
  end

  it("has the status and code of the vendor's meaning", function()
    expect(400, 400, "invalid_request_error", "invalid_request")
    expect(401, 401, "authentication_error", "invalid_api_key")
    expect(402, 429, "insufficient_quota", "insufficient_quota")
    expect(403, 403, "permission_error", "permission_denied")
    expect(404, 404, "invalid_request_error", "model_not_found")
    expect(408, 504, "timeout_error", "upstream_timeout")
    expect(409, 502, "api_error", "upstream_error")
    expect(413, 413, "invalid_request_error", "request_too_large")
    expect(422, 422, "invalid_request_error", "invalid_value")
    expect(429, 429, "rate_limit_error", "rate_limit_exceeded")
    expect(500, 502, "api_error", "upstream_error")
    expect(503, 503, "overloaded_error", "overloaded")
    expect(504, 504, "timeout_error", "upstream_timeout")
    expect(529, 503, "overloaded_error", "overloaded")
  end)

  it("#75 of any other status is a fault of the upstream", function()
    for _, status in ipairs { 302, 418, 424, 498, 499, 524 } do
      expect(status, 502, "api_error", "upstream_error")
    end
  end)

  it("#74 reads HTML, nothing and cut JSON", function()
    for _, text_of in ipairs { "<html>413</html>", "", "{" } do
      local failure = expect(413, 413, "invalid_request_error", "request_too_large", text_of)
      assert.is_string(failure.message)
      assert.is_nil(failure.message:find("<", 1, true))
    end
  end)

  it("#76 of a spent account says so, and sends nobody back to it", function()
    local spent = {
      { 400, body("invalid_request_error", "You have reached your specified workspace API usage limits. Wait.") },
      { 429, body("rate_limit_error", "m", "contract_spend_limit_reached") },
      { 403, body("billing_error", "m") },
    }
    for _, case in ipairs(spent) do
      local failure = expect(case[1], 429, "insufficient_quota", "insufficient_quota", case[2])
      assert.is_true(failure.elsewhere)
      assert.is_nil(failure.final)
    end
    expect(429, 429, "rate_limit_error", "rate_limit_exceeded", body("rate_limit_error", "m", "ramp_limit_exceeded"))
  end)

  it("of a prompt that is too long may be none elsewhere; other refusals are the same everywhere", function()
    for _, status in ipairs { 400, 413 } do
      local failure = expect(status, 400, "invalid_request_error", "context_length_exceeded",
        body("invalid_request_error", "input length and `max_tokens` exceed context limit: 1 + 2 > 3"))
      assert.is_nil(failure.final)
    end
    assert.is_true(dialect.failure(400, {}, body("invalid_request_error", "m")).final)
  end)

  it("passes on when to try again", function()
    assert.equal(7, dialect.failure(429, { ["retry-after"] = "7" }, "").retry_after)
    assert.is_nil(dialect.failure(429, {}, "").retry_after)
  end)
end)
