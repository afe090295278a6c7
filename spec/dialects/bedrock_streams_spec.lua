-- SPDX-License-Identifier: Apache-2.0
--- Events of ConverseStream as a client's chunks.

local bedrock = require "spec.support.bedrock"
local json = require "gateway.json"
local spec = require "gateway.spec"

local START = { "messageStart", { role = "assistant", p = "abc" } }
local USAGE = { "metadata", { usage = { inputTokens = 1, outputTokens = 2, totalTokens = 3 } } }
local ROLE = { role = "assistant", content = "" }
local COUNTED = { prompt_tokens = 1, completion_tokens = 2, total_tokens = 3 }

local function stop(reason) return { "messageStop", { stopReason = reason or "end_turn" } } end
local function delta(index, fields) return { "contentBlockDelta", { contentBlockIndex = index, delta = fields } } end
local function over(index) return { "contentBlockStop", { contentBlockIndex = index } } end
local function opened(index, id, name, more)
  local use = { toolUseId = id, name = name }
  for key, value in pairs(more or {}) do use[key] = value end
  return { "contentBlockStart", { contentBlockIndex = index, start = { toolUse = use } } }
end
local function input(index, text) return delta(index, { toolUse = { input = text } }) end

local function deltas(events, call)
  local list, failure = bedrock.streamed(events, call)
  return bedrock.deltas(list), failure
end

local function call_delta(index, fields) fields.index = index return { tool_calls = { fields } } end
local function arguments(index, text) return call_delta(index, { ["function"] = { arguments = text } }) end
local function begun(index, id, name)
  return call_delta(index, { id = id, type = "function", ["function"] = { name = name, arguments = "" } })
end

describe("a stream", function()
  it("#79 counts calls from 0, whatever stands before them", function()
    assert.are.same({
      ROLE, { content = "Both." }, begun(0, "t1", "f"), arguments(0, '{"a":'), arguments(0, "1}"),
      begun(1, "t2", "g"), arguments(1, "[]"), "tool_calls", COUNTED,
    }, (deltas {
      START, delta(0, { text = "Both." }), over(0), opened(1, "t1", "f"), input(1, ""), input(1, '{"a":'),
      input(1, "1}"), over(1), opened(2, "t2", "g"), input(2, "[]"), over(2), stop "tool_use", USAGE,
    }))
  end)

  it("#78 gives `{}` once to a call without arguments", function()
    local expected = { ROLE, begun(0, "t1", "f"), arguments(0, "{}"), "tool_calls" }
    assert.are.same(expected, (deltas { START, opened(0, "t1", "f"), over(0), stop "tool_use" }))
    assert.are.same(expected, (deltas { START, opened(0, "t1", "f"), input(0, ""), over(0), stop "tool_use" }))
    assert.are.same(expected, (deltas { START, opened(0, "t1", "f"), input(0, "{}"), over(0), stop "tool_use" }))
  end)

  it("keeps calls apart whose deltas come in between", function()
    assert.are.same({
      ROLE, begun(0, "t1", "f"), begun(1, "t2", "g"), arguments(1, '{"b":2}'), arguments(0, '{"a":1}'), "tool_calls",
      COUNTED,
    }, (deltas {
      START, opened(0, "t1", "f"), opened(1, "t2", "g"), input(1, '{"b":2}'), input(0, '{"a":1}'), over(1), over(0),
      stop "tool_use", USAGE,
    }))
  end)

  it("#87 has one finish chunk with its counts, whether metadata comes before or after the end", function()
    local expected = { ROLE, { content = "Hi" }, "stop", COUNTED }
    assert.are.same(expected, (deltas { START, delta(0, { text = "Hi" }), over(0), stop(), USAGE }))
    assert.are.same(expected, (deltas { START, delta(0, { text = "Hi" }), USAGE, over(0), stop() }))
  end)

  it("is complete without metadata, and then not counted", function()
    assert.are.same({ ROLE, "stop" }, (deltas { START, stop() }))
  end)

  it("says nothing behind its end", function()
    assert.are.same({ ROLE, "stop", COUNTED }, (deltas { START, stop(), USAGE, delta(0, { text = "more" }), USAGE }))
  end)

  it("#98 gives reasoning, the signed block, then text", function()
    assert.are.same({
      ROLE, { reasoning_content = "a" }, { reasoning_content = "b" },
      { thinking_blocks = { { type = "thinking", thinking = "ab", signature = "s" } } },
      { thinking_blocks = { { type = "redacted_thinking", data = "ZW5j" } } }, { content = "Hi" }, "stop", COUNTED,
    }, (deltas {
      START, delta(0, { reasoningContent = { text = "a" } }), delta(0, { reasoningContent = { text = "b" } }),
      delta(0, { reasoningContent = { signature = "s" } }), over(0),
      delta(1, { reasoningContent = { redactedContent = "ZW5j" } }), over(1),
      delta(2, { text = "Hi" }), over(2), stop(), USAGE,
    }))
  end)

  it("gives no block for reasoning that nobody signed", function()
    assert.are.same({ ROLE, { reasoning_content = "a" }, { content = "Hi" }, "stop" }, (deltas {
      START, delta(0, { reasoningContent = { text = "a" } }), over(0), delta(1, { text = "Hi" }), over(1), stop(),
    }))
  end)

  it("#68 does not show the vendor's own tools, #100 nor what it does not know", function()
    assert.are.same({ ROLE, begun(0, "t1", "f"), arguments(0, "{}"), "tool_calls" }, (deltas {
      START, opened(0, "s1", "search", { type = "server_tool_use" }), input(0, '{"q":1}'), over(0),
      delta(1, { citation = { title = "t" } }), delta(1, { image = {} }), over(1),
      { "somethingNew", "no JSON" }, opened(2, "t1", "f"), over(2), stop "tool_use",
    }))
  end)

  it("spells an answer by a forced tool as text", function()
    local call = bedrock.call({ response_format = { type = "json_schema", json_schema = { schema = {
      type = "object" } } } }, bedrock.NOVA)
    assert(bedrock.dialect.request(call))
    assert.are.same({ ROLE, { content = '{"a":' }, { content = "1}" }, "stop" }, (deltas({
      START, opened(0, "t1", "json_tool_call"), input(0, '{"a":'), input(0, "1}"), over(0), stop "tool_use",
    }, call)))
  end)

  it("#86 counts only when asked", function()
    assert.are.same({ ROLE, "stop" }, (deltas({ START, stop(), USAGE }, bedrock.call({}, nil, {
      include_usage = false }))))
    local _, _, state = bedrock.streamed({ START, stop(), USAGE }, bedrock.call({}, nil, { include_usage = false }))
    assert.equal(1, bedrock.dialect.usage(state).prompt_tokens)
  end)

  it("has one id, time and model", function()
    for _, chunk in ipairs(bedrock.streamed { START, delta(0, { text = "a" }), stop(), USAGE }) do
      assert.are.same({ "chatcmpl-r1", 1767225600, bedrock.CLAUDE }, { chunk.id, chunk.created, chunk.model })
    end
  end)

  it("names tools as the client does", function()
    local call = bedrock.call { tools = json.array { bedrock.tool "look up" } }
    bedrock.dialect.request(call)
    local list = deltas({ START, opened(0, "t", "look_up"), over(0), stop "tool_use" }, call)
    assert.equal("look up", list[2].tool_calls[1]["function"].name)
  end)
end)

describe("a broken stream", function()
  local function failed(events)
    local list, failure = bedrock.streamed(events)
    return failure, #list
  end

  it("#94 fails before anything is seen when an error comes first", function()
    local failure, seen = failed { { "exception.serviceUnavailableException", { message = "Busy." } } }
    assert.are.same({ 503, "overloaded", "Busy.", 0 }, { failure.status, failure.code, failure.message, seen })
  end)

  it("#95 fails in the middle with the exception's own words", function()
    for kind, status in pairs {
      internalServerException = 502, modelStreamErrorException = 502, validationException = 400,
      throttlingException = 429, serviceUnavailableException = 503, modelTimeoutException = 504, newException = 502,
    } do
      local failure = failed { START, delta(0, { text = "a" }), { "exception." .. kind, { message = "Words." } } }
      assert.are.same({ status, "Words." }, { failure.status, failure.message }, kind)
    end
    local failure = failed { START, { "error.InternalError", "boom" } }
    assert.are.same({ 502, "boom" }, { failure.status, failure.message })
  end)

  it("#93 that ends before its end is truncated", function()
    assert.equal("upstream_stream_truncated", failed({ START, delta(0, { text = "a" }), over(0), USAGE }).code)
    assert.equal("upstream_stream_truncated", failed({}).code)
  end)

  it("that is no stream of Converse is an invalid answer", function()
    for _, events in ipairs {
      { delta(0, { text = "a" }) }, { START, { "contentBlockDelta", "{" } }, { START, { "metadata", "[" } },
      { stop() }, { { "metadata", {} } },
    } do
      assert.equal("upstream_invalid_response", failed(events).code)
    end
  end)

  it("that is malformed is a failure, unless something came of it", function()
    assert.equal("upstream_error", failed({ START, stop "malformed_tool_use" }).code)
    assert.is_nil(failed { START, delta(0, { text = "a" }), stop "malformed_model_output" })
  end)
end)

describe("Claude's own events in frames", function()
  local invoke = spec.script("providers/dialects", "bedrock_invoke")
  local base64 = require "gateway.base64"

  local function chunk(event) return { "chunk", { bytes = base64.encode(json.encode(event)), p = "ab" } } end
  local BEGIN = chunk { type = "message_start", message = { id = "m1", model = "claude-x" } }
  local END = chunk {
    type = "message_stop", ["amazon-bedrock-invocationMetrics"] = { inputTokenCount = 9, outputTokenCount = 5 },
  }

  it("are counted by Bedrock where Claude does not", function()
    local reason = chunk { type = "message_delta", delta = { stop_reason = "end_turn" } }
    local list = bedrock.streamed({ BEGIN, reason, END }, nil, invoke)
    assert.are.same({ prompt_tokens = 9, completion_tokens = 5, total_tokens = 14 }, list[#list].usage)
  end)

  it("fail by exceptions, bytes that are none, and a missing end", function()
    local function code(events) return select(2, bedrock.streamed(events, nil, invoke)).code end
    assert.equal("upstream_timeout", code { BEGIN, { "exception.modelTimeoutException", { message = "m" } } })
    assert.equal("upstream_invalid_response", code { BEGIN, { "chunk", { bytes = "%" } } })
    assert.equal("upstream_invalid_response", code { BEGIN, { "chunk", {} } })
    assert.equal("upstream_stream_truncated", code { BEGIN, { "other", {} } })
  end)
end)
