-- SPDX-License-Identifier: Apache-2.0
--- Whole answers and errors as Anthropic's clients read them.

local face = require "spec.support.anthropic_face"
local json = require "gateway.json"

local function content(message, reason)
  local made = face.answered(face.completion(message, reason))
  return made and made.content, made and made.stop_reason
end

local function call(id, arguments, more)
  local made = { id = id, type = "function", ["function"] = { name = "f", arguments = arguments } }
  for name, value in pairs(more or {}) do made[name] = value end
  return made
end

local function with_calls(...)
  return { role = "assistant", content = json.null, tool_calls = json.array { ... } }
end

describe("content", function()
  it("is thinking, text, calls, in this order", function()
    local blocks = content({
      tool_calls = json.array { call("a", '{"x":1}') }, content = "t", reasoning_content = "r",
    }, "tool_calls")
    assert.are.same({
      { type = "thinking", thinking = "r", signature = "" }, { type = "text", text = "t" },
      { type = "tool_use", id = "a", name = "f", input = { x = 1 } },
    }, blocks)
  end)

  it("#113 is empty when nothing was said", function()
    for _, said in ipairs { json.null, "", json.array {} } do
      assert.are.same({ {}, "end_turn" }, { content { content = said } })
    end
    local _, text = face.answered(face.completion { content = json.null })
    assert.is_truthy(text:find('"content":[]', 1, true))
  end)

  it("#114 has no empty text beside calls", function()
    local message = with_calls(call("a", "{}"))
    message.content = ""
    assert.are.equal(1, #content(message, "tool_calls"))
  end)

  it("has signed blocks as they were, in place of reasoning in words", function()
    local signed = { type = "thinking", thinking = "r", signature = "SIG" }
    local blocks = content { content = "t", reasoning_content = "r", thinking_blocks = json.array { signed } }
    assert.are.same({ signed, { type = "text", text = "t" } }, blocks)
  end)

  it("carries Google's signatures in front of what they sign", function()
    local extra = { extra_content = { google = { thought_signature = "SIG" } } }
    local block = { type = "thinking", thinking = "", signature = "google:SIG" }
    assert.are.same(block, content(with_calls(call("a", "{}", extra)))[1])
    assert.are.same({ { type = "text", text = "t" }, block },
      (content { content = "t", extra_content = extra.extra_content }))
  end)

  it("of lists is told by kinds, and a refusal is text", function()
    local blocks = content { content = json.array {
      { type = "thinking", thinking = json.array { { type = "text", text = "h" } } }, { type = "text", text = "t" },
    } }
    assert.are.same({ { type = "thinking", thinking = "h", signature = "" }, { type = "text", text = "t" } }, blocks)
    local refused, reason = content({ content = json.null, refusal = "no" }, "content_filter")
    assert.are.same({ { type = "text", text = "no" } }, refused)
    assert.are.equal("refusal", reason)
  end)
end)

describe("calls", function()
  it("#52 have their input as the model wrote it", function()
    local _, text = face.answered(face.completion(with_calls(call("a", '{"z":1.0,"a":12345678901234567890}'))))
    assert.is_truthy(text:find('"input":{"z":1.0,"a":12345678901234567890}', 1, true))
  end)

  it("have an object as input, whatever came", function()
    for arguments, input in pairs {
      [""] = {}, [" "] = {}, ["null"] = {}, ["[1]"] = { value = { 1 } }, ['{"a":'] = { value = '{"a":' },
    } do
      assert.are.same(input, content(with_calls(call("a", arguments)))[1].input)
    end
    assert.are.same({ x = 1 }, content(with_calls(call("a", { x = 1 })))[1].input)
  end)

  it("#112 have ids that fit, each its own", function()
    local blocks = content(with_calls(call("a.b:1", "{}"), call("a_b_1", "{}"), call("", "{}"), call(nil, "{}")))
    local seen = {}
    for _, block in ipairs(blocks) do
      assert.is_truthy(block.id:find "^[%w_%-]+$")
      assert.is_nil(seen[block.id])
      seen[block.id] = true
    end
    assert.are.equal(4, #blocks)
  end)

  it("of the old API are calls, too", function()
    local blocks, reason = content({ content = json.null, function_call = { name = "f", arguments = "{}" } },
      "function_call")
    assert.are.equal("f", blocks[1].name)
    assert.are.equal("tool_use", reason)
  end)
end)

describe("the end", function()
  it("has Anthropic's reasons", function()
    for reason, expected in pairs {
      stop = "end_turn", length = "max_tokens", content_filter = "refusal", eos = "end_turn",
    } do
      assert.are.equal(expected, select(2, content({ content = "t" }, reason)))
    end
    assert.are.equal("tool_use", select(2, content(with_calls(call("a", "{}")), "stop")))
    assert.are.equal("max_tokens", select(2, content(with_calls(call("a", '{"x')), "length")))
  end)

  it("is never made up: an answer without a reason or a choice is none", function()
    assert.is_nil((face.answered '{"choices":[{"index":0,"message":{"content":"t"},"finish_reason":null}]}'))
    assert.is_nil((face.answered '{"choices":[]}'))
    assert.is_nil((face.answered "x"))
  end)

  it("#120 counts cached tokens once", function()
    local function usage(given) return face.answered(face.completion({ content = "t" }, "stop", given)).usage end
    assert.are.same({
      input_tokens = 5, cache_read_input_tokens = 4, cache_creation_input_tokens = 1, output_tokens = 2,
    }, usage {
      prompt_tokens = 10, completion_tokens = 2,
      prompt_tokens_details = { cached_tokens = 4, cache_write_tokens = 1 },
    })
    assert.are.equal(0, usage({ prompt_tokens = 1, completion_tokens = 2,
      prompt_tokens_details = { cached_tokens = 4 } }).input_tokens)
    assert.are.equal(6, usage({ prompt_tokens = 10, completion_tokens = 2, prompt_cache_hit_tokens = 4 }).input_tokens)
  end)

  it("#108 counts nothing as 0", function()
    assert.are.same({
      input_tokens = 0, cache_read_input_tokens = 0, cache_creation_input_tokens = 0, output_tokens = 0,
    }, face.answered(face.completion { content = "t" }).usage)
  end)

  it("keeps the id of an answer that was Anthropic's", function()
    local answer = face.completion { content = "t" }
    answer.id = "chatcmpl-msg_01X"
    assert.are.equal("msg_01X", face.answered(answer).id)
  end)
end)

describe("a failure", function()
  local function told(failure, context)
    local status, body, headers = face.messages.failure(failure, context)
    local decoded = json.decode(body)
    assert.are.equal("error", decoded.type)
    assert.are.equal(headers["request-id"], decoded.request_id)
    assert.is_truthy(decoded.request_id:find "^req_")
    return status, decoded.error.type, decoded.error.message, decoded.request_id
  end

  local function failure(status, code, message)
    return { status = status, code = code or "x", type = "x", message = message or "m" }
  end

  it("#116 has the status and the type that clients know", function()
    for status, expected in pairs {
      [400] = { 400, "invalid_request_error" }, [401] = { 401, "authentication_error" },
      [403] = { 403, "permission_error" }, [404] = { 404, "not_found_error" }, [413] = { 413, "request_too_large" },
      [422] = { 400, "invalid_request_error" }, [429] = { 429, "rate_limit_error" }, [500] = { 500, "api_error" },
      [502] = { 500, "api_error" }, [503] = { 529, "overloaded_error" }, [504] = { 504, "timeout_error" },
    } do
      local found, kind = told(failure(status))
      assert.are.same(expected, { found, kind })
    end
  end)

  it("of a spent account is billing", function()
    assert.are.same({ 402, "billing_error" }, { told(failure(429, "insufficient_quota")), (select(2,
      told(failure(429, "insufficient_quota")))) })
  end)

  it("#119 of a prompt that is too long begins with the words that clients look for", function()
    local status, kind, message = told(failure(400, "context_length_exceeded", "128000 tokens at most"))
    assert.are.same({ 400, "invalid_request_error", "prompt is too long: 128000 tokens at most" },
      { status, kind, message })
    assert.are.equal("prompt is too long: 9 > 8", (select(3,
      told(failure(400, "context_length_exceeded", "prompt is too long: 9 > 8")))))
  end)

  it("has the id by which the log knows the request", function()
    assert.are.equal("req_abc", (select(4, told(failure(500), { id = "abc" }))))
  end)
end)
