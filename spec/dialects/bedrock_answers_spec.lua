-- SPDX-License-Identifier: Apache-2.0
--- Whole answers of Converse as a client reads them, and its failures.

local bedrock = require "spec.support.bedrock"
local json = require "gateway.json"

local dialect = bedrock.dialect
local text, call = { text = "Hi" }, { toolUse = { toolUseId = "t1", name = "f", input = { a = 1 } } }

local function message_of(blocks, reason)
  return assert(bedrock.answered(bedrock.message(blocks, reason))).choices[1]
end

describe("an answer", function()
  it("#61 keeps text beside calls, and (#63) has no text where there is none", function()
    local choice = message_of({ text, call }, "tool_use")
    assert.equal("Hi", choice.message.content)
    assert.equal("tool_calls", choice.finish_reason)
    assert.equal(json.null, message_of({ call }, "tool_use").message.content)
  end)

  it("#62 joins its texts, cited ones too", function()
    local cited = { citationsContent = { content = json.array { { text = " there" } }, citations = json.array {} } }
    assert.equal("Hi there", message_of({ text, cited }).message.content)
  end)

  it("#69 is rendered by kind, wherever the reasoning stands", function()
    local message = message_of({
      call, { reasoningContent = { reasoningText = { text = "hm", signature = "s" } } }, text,
      { reasoningContent = { redactedContent = "ZW5j" } }, { reasoningContent = { reasoningText = { text = "!" } } },
    }, "tool_use").message
    assert.equal("hm!", message.reasoning_content)
    assert.are.same({
      { type = "thinking", thinking = "hm", signature = "s" }, { type = "redacted_thinking", data = "ZW5j" },
    }, message.thinking_blocks)
    assert.equal("Hi", message.content)
    assert.equal("t1", message.tool_calls[1].id)
  end)

  it("#52 keeps the arguments as they were written", function()
    local body = '{"output":{"message":{"role":"assistant","content":[{"toolUse":{"toolUseId":"t","name":"f",'
      .. '"input":{"z":1.0,"a":12345678901234567890}}}]}},"stopReason":"tool_use"}'
    local answer = bedrock.answered(body)
    assert.equal('{"z":1.0,"a":12345678901234567890}',
      answer.choices[1].message.tool_calls[1]["function"].arguments)
  end)

  it("#70 has arguments even when the vendor has none", function()
    local choice = message_of({ { toolUse = { toolUseId = "t", name = "f" } },
      { toolUse = { toolUseId = "u", name = "f", input = json.null } } }, "tool_use")
    for _, one in ipairs(choice.message.tool_calls) do assert.equal("{}", one["function"].arguments) end
  end)

  it("#68 does not show the vendor's own tools as calls", function()
    local server = { toolUse = { toolUseId = "s", name = "search", type = "server_tool_use", input = {} } }
    local choice = message_of { server, { toolResult = { toolUseId = "s", content = json.array {} } }, text }
    assert.is_nil(choice.message.tool_calls)
    assert.equal("stop", choice.finish_reason)
  end)

  it("names tools as the client does", function()
    local asked = bedrock.call { tools = json.array { bedrock.tool "look up" } }
    dialect.request(asked)
    local answer = bedrock.answered(bedrock.message({ { toolUse = { toolUseId = "t", name = "look_up", input = {} } } },
      "tool_use"), asked)
    assert.equal("look up", answer.choices[1].message.tool_calls[1]["function"].name)
  end)

  it("ends for the reason that the vendor gives", function()
    for reason, finish in pairs {
      end_turn = "stop", stop_sequence = "stop", max_tokens = "length", model_context_window_exceeded = "length",
      guardrail_intervened = "content_filter", content_filtered = "content_filter", something_new = "stop",
    } do
      assert.equal(finish, message_of({ text }, reason).finish_reason, reason)
    end
    assert.equal("length", message_of({ call }, "max_tokens").finish_reason) -- #66
  end)

  it("that is malformed is a failure, unless something came of it", function()
    for _, reason in ipairs { "malformed_model_output", "malformed_tool_use" } do
      local answer, failure = bedrock.answered(bedrock.message({}, reason))
      assert.is_nil(answer)
      assert.are.same({ 502, "upstream_error" }, { failure.status, failure.code })
      assert.equal("stop", message_of({ text }, reason).finish_reason)
    end
  end)

  it("#64 counts the cache once, and names what was written", function()
    local answer, counts = bedrock.answered(bedrock.message({ text }, "end_turn", { usage = {
      inputTokens = 10, outputTokens = 5, totalTokens = 45, cacheReadInputTokens = 20, cacheWriteInputTokens = 10,
    } }))
    assert.are.same({
      prompt_tokens = 40, completion_tokens = 5, total_tokens = 45,
      prompt_tokens_details = { cached_tokens = 20, cache_write_tokens = 10 },
    }, answer.usage)
    assert.are.same({ 40, 20, 10 }, { counts.prompt_tokens, counts.cached_tokens, counts.cache_write_tokens })
    assert.is_nil(bedrock.answered(bedrock.message { text }).usage)
  end)

  it("is named as the client named the model, and by the request's id", function()
    local function named(more, headers)
      local made = json.decode((dialect.response(bedrock.call({}, nil, more), json.encode(bedrock.message { text }),
        headers or {})))
      return { made.id, made.model }
    end
    assert.are.same({ "chatcmpl-r1", bedrock.CLAUDE }, named({ requested_model = "bedrock/" .. bedrock.CLAUDE },
      { ["x-amzn-requestid"] = "r1" }))
    assert.are.same({ "chatcmpl-abc", "best" }, named { requested_model = "best", id = "abc" })
  end)

  it("that is none is a failure", function()
    for _, body in ipairs { "", "[]", "{}", '{"output":{}}', '{"output":{"message":{"content":"x"}}}', "<html>" } do
      local answer, failure = bedrock.answered(body)
      assert.is_nil(answer, body)
      assert.equal("upstream_invalid_response", failure.code)
    end
  end)
end)

describe("a failure", function()
  local function failed(status, kind, body)
    return dialect.failure(status, { ["x-amzn-errortype"] = kind }, type(body) == "string" and body
      or json.encode(body or { message = "Words." }), 0)
  end

  it("is told by its type, whatever its status is", function()
    for kind, expected in pairs {
      ValidationException = { 400, "invalid_request" }, ServiceQuotaExceededException = { 429, "rate_limit_exceeded" },
      ConflictException = { 400, "invalid_request" }, AccessDeniedException = { 403, "permission_denied" },
      UnrecognizedClientException = { 401, "invalid_api_key" }, ExpiredTokenException = { 401, "invalid_api_key" },
      InvalidSignatureException = { 401, "invalid_api_key" }, ResourceNotFoundException = { 404, "model_not_found" },
      ModelTimeoutException = { 504, "upstream_timeout" }, ModelErrorException = { 502, "upstream_error" },
      ModelStreamErrorException = { 502, "upstream_error" }, ThrottlingException = { 429, "rate_limit_exceeded" },
      ModelNotReadyException = { 503, "overloaded" }, InternalServerException = { 502, "upstream_error" },
      ServiceUnavailableException = { 503, "overloaded" },
    } do
      for _, spelt in ipairs { kind, kind .. ":http://x/", "com.amazon.coral#" .. kind } do
        local failure = failed(400, spelt)
        assert.are.same(expected, { failure.status, failure.code }, spelt)
        assert.equal("Words.", failure.message)
      end
    end
  end)

  it("tells its type in its body, too", function()
    local failure = failed(400, nil, { __type = "com.amazon#ThrottlingException", message = "Slow down." })
    assert.are.same({ 429, "Slow down." }, { failure.status, failure.message })
  end)

  it("#75 of a model (424) is a 502, or a 400 where the model says so", function()
    assert.equal(502, failed(424, "ModelErrorException", { message = "m", originalStatusCode = 500 }).status)
    assert.equal(400, failed(424, "ModelErrorException", { message = "m", originalStatusCode = 400 }).status)
    assert.equal(502, failed(424, nil).status)
  end)

  it("of a bearer key has its status alone", function()
    assert.equal("permission_denied", failed(403, nil, { Message = "Invalid API Key" }).code)
  end)

  it("that is about the model is worth another target, one about the request is not", function()
    local model = failed(400, "ValidationException", { message = "... with on-demand throughput isn't supported." })
    assert.are.same({ true, nil }, { model.elsewhere, model.final })
    assert.is_true(failed(400, "ValidationException").final)
    assert.equal("context_length_exceeded", failed(400, "ValidationException", { message = "Input is too long" }).code)
  end)

  it("#74 of any form has words", function()
    for _, body in ipairs { "", "<html><b>no</b></html>", "[]", '{"message":7}', "null", '"x"', "{" } do
      for _, status in ipairs { 400, 403, 418, 424, 500, 503 } do
        local failure = failed(status, nil, body)
        assert.is_string(failure.message)
        assert.is_string(failure.code)
      end
    end
  end)
end)
