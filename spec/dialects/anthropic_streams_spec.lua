-- SPDX-License-Identifier: Apache-2.0
--- Streams of Anthropic, event by event. Numbers are those of the list of edge cases.

local anthropic = require "spec.support.anthropic"
local json = require "gateway.json"

local block, delta, start, stop, streamed = anthropic.block, anthropic.delta, anthropic.start, anthropic.stop,
  anthropic.streamed
local dialect = anthropic.dialect

local TEXT = { type = "text", text = "" }

local function said(text) return { type = "text_delta", text = text } end
local function argument(text) return { type = "input_json_delta", partial_json = text } end
local function use(id, name) return { type = "tool_use", id = id, name = name, input = {} } end
local function over(reason)
  return { type = "message_delta", delta = { stop_reason = reason }, usage = { output_tokens = 9 } }
end

local LAST = { type = "message_stop" }

--- The deltas that a client sees, and the finish reasons.
local function seen(list)
  local deltas = {}
  for _, chunk in ipairs(list) do
    local choice = chunk.choices[1]
    if choice then deltas[#deltas + 1] = choice.finish_reason ~= json.null and choice.finish_reason or choice.delta end
  end
  return json.decode(json.encode(json.array(deltas)))
end

local function plain(list) return json.encode(json.array(list)) end

describe("a stream", function()
  it("#82 begins with the role, whatever comes first", function()
    local list = streamed { start() }
    assert.equal("assistant", list[1].choices[1].delta.role)
    assert.equal("", list[1].choices[1].delta.content)
  end)

  it("repeats one id, time and model", function()
    local list = streamed { start "msg_9", block(0, TEXT), delta(0, said "a"), over "end_turn", LAST }
    for _, chunk in ipairs(list) do
      assert.equal("chatcmpl-msg_9", chunk.id)
      assert.equal(1767225600, chunk.created)
      assert.equal("claude-x", chunk.model)
      assert.equal("chat.completion.chunk", chunk.object)
    end
  end)

  it("#77 the input of a start is no argument", function()
    local list = seen(streamed {
      start(), block(0, use("1", "f")), delta(0, argument '{"a":1}'), stop(0), over "tool_use", LAST,
    })
    assert.equal("", list[2].tool_calls[1]["function"].arguments)
    assert.equal('{"a":1}', list[3].tool_calls[1]["function"].arguments)
    assert.equal("tool_calls", list[4])
  end)

  it("#78 no argument is {} exactly once", function()
    local list = seen(streamed {
      start(), block(0, use("1", "f")), delta(0, argument ""), stop(0), over "tool_use", LAST,
    })
    assert.equal("", list[2].tool_calls[1]["function"].arguments)
    assert.equal("{}", list[3].tool_calls[1]["function"].arguments)
    assert.equal("tool_calls", list[4])
    assert.equal(4, #list)
  end)

  it("#79 counts calls from 0, past texts and the vendor's own tools", function()
    local list = seen(streamed {
      start(), block(0, TEXT), stop(0),
      block(1, { type = "server_tool_use", id = "s", name = "web_search", input = {} }),
      delta(1, argument '{"q":1}'), stop(1), block(2, use("1", "f")), delta(2, argument "{}"), stop(2),
      block(3, use("2", "g")), delta(3, argument "{}"), stop(3), over "tool_use", LAST,
    })
    assert.equal(6, #list)
    assert.equal(0, list[2].tool_calls[1].index)
    assert.equal(0, list[3].tool_calls[1].index)
    assert.equal(1, list[4].tool_calls[1].index)
    assert.equal("g", list[4].tool_calls[1]["function"].name)
  end)

  it("#83 a block that starts with text says it", function()
    assert.equal("a", seen(streamed { start(), block(0, { type = "text", text = "a" }) })[2].content)
  end)

  it("#84 finishes without usage and without content", function()
    local first = start()
    first.message.usage = nil
    local list = streamed { first, { type = "message_delta", delta = { stop_reason = "end_turn" } }, LAST }
    assert.equal(2, #list)
    assert.equal("stop", list[2].choices[1].finish_reason)
  end)

  it("#85 usage is replaced, not added, and its input only as a whole", function()
    local list, state = streamed {
      start(),
      { type = "message_delta", delta = {}, usage = {
        output_tokens = 4, input_tokens = json.null, cache_read_input_tokens = 99,
      } },
      { type = "message_delta", delta = { stop_reason = "end_turn" }, usage = { output_tokens = 9 } }, LAST,
    }
    assert.same({ prompt_tokens = 3, completion_tokens = 9 }, dialect.usage(state))
    assert.equal(12, list[#list].usage.total_tokens)
  end)

  it("#86 the usage chunk has no choices, comes once, last, and only when asked for", function()
    local events = { start(), over "end_turn", LAST }
    local list = streamed(events)
    assert.equal(0, #list[3].choices)
    assert.equal(12, list[3].usage.total_tokens)
    assert.equal(2, #streamed(events, anthropic.call({}, nil, { include_usage = false })))
  end)

  it("#88 ping, comments and empty deltas say nothing", function()
    local list = streamed { start(), { type = "ping" }, block(1, TEXT), delta(1, said ""), stop(1) }
    assert.equal(1, #list)
    local state = dialect.stream(anthropic.call {})
    assert.same({}, dialect.event(state, "", ""))
  end)

  it("#100 unknown events, blocks and deltas say nothing", function()
    local list = streamed {
      start(), { type = "brand_new" }, block(0, { type = "brand_new_block" }), delta(0, said "x"), stop(0),
      block(1, TEXT), delta(1, { type = "citations_delta", citation = {} }), stop(1), delta(7, said "y"), stop(7),
    }
    assert.equal(1, #list)
  end)

  it("#89 characters of several bytes are whole, wherever the stream is cut", function()
    local words, chunks = "a\227\131\129\240\159\145\139", require "spec.support.chunks"
    local text = 'event: message_start\ndata: {"type":"message_start","message":{"id":"m","model":"x"}}\n\n'
      .. 'data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":"' .. words .. '"}}\n\n'
    for at = 1, #text do
      local list = chunks.translated(dialect, anthropic.call {}, chunks.cut(text, at))
      assert.equal(words, list[2].choices[1].delta.content)
    end
  end)

  it("#57 half of a character is U+FFFD", function()
    local state = dialect.stream(anthropic.call {})
    dialect.event(state, "", json.encode(start()))
    dialect.event(state, "", json.encode(block(0, TEXT)))
    local payloads = dialect.event(state, "",
      [[{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"\\\ud83d"}}]])
    assert.equal("\\\239\191\189", json.decode(payloads[1]).choices[1].delta.content)
  end)

  it("#90 text that looks like framing is text", function()
    local odd = "data: x\n\ndata: [DONE]\n\n"
    assert.equal(odd, seen(streamed { start(), block(0, TEXT), delta(0, said(odd)) })[2].content)
  end)

  it("#93 that ends before its last event is a failure, never a stop", function()
    local _, state = streamed { start(), block(0, TEXT), delta(0, said "a"), over "end_turn" }
    local payloads, failure = dialect.finish(state)
    assert.is_nil(payloads)
    assert.equal("upstream_stream_truncated", failure.code)
    assert.equal("api_error", failure.type)
    assert.equal(502, failure.status)
    assert.is_false(state.done)
  end)

  it("#93 without any event is a failure", function()
    local payloads, failure = dialect.finish(dialect.stream(anthropic.call {}))
    assert.is_nil(payloads)
    assert.equal("upstream_stream_truncated", failure.code)
  end)

  it("is done at its last event, and deaf after it", function()
    local list, state = streamed {
      start(), over "end_turn", LAST, LAST, delta(0, said "x"), { type = "error", error = {} },
    }
    assert.is_true(state.done)
    assert.equal(3, #list)
    assert.same({}, dialect.finish(state))
  end)

  it("#94 that has an error event fails with the status of its type, at once or later, named or bare", function()
    local statuses = {
      invalid_request_error = 400, authentication_error = 401, permission_error = 403, not_found_error = 404,
      request_too_large = 413, rate_limit_error = 429, api_error = 502, overloaded_error = 503, timeout_error = 504,
      billing_error = 429, brand_new = 502,
    }
    for kind, status in pairs(statuses) do
      local _, failure = streamed { { type = "error", error = { type = kind, message = "m" } } }
      assert.equal(status, failure.status, kind)
      assert.equal("m", failure.message)
    end
    local _, bare, before = streamed { start(), { error = { type = "overloaded_error", message = "m" } } }
    assert.equal(503, bare.status)
    assert.equal(1, #before)
  end)

  it("#95 an event that is no JSON is a failure", function()
    local payloads, failure = dialect.event(dialect.stream(anthropic.call {}), "message_start", "{")
    assert.is_nil(payloads)
    assert.equal("upstream_invalid_response", failure.code)
  end)

  it("that does not begin with a message is a failure", function()
    local list, failure = streamed { block(0, TEXT) }
    assert.is_nil(list)
    assert.equal("upstream_invalid_response", failure.code)
  end)

  it("#98 thinking, text and call come in order, the signed block before the text", function()
    local list = seen(streamed {
      start(), block(0, { type = "thinking", thinking = "", signature = "" }),
      delta(0, { type = "thinking_delta", thinking = "a" }), delta(0, { type = "thinking_delta", thinking = "b" }),
      delta(0, { type = "signature_delta", signature = "s" }),
      delta(0, { type = "signature_delta", signature = "t" }), stop(0), block(1, TEXT), delta(1, said "x"), stop(1),
      block(2, use("1", "f")), stop(2),
    })
    assert.equal("a", list[2].reasoning_content)
    assert.equal("b", list[3].reasoning_content)
    local signed = { type = "thinking", thinking = "ab", signature = "st" }
    assert.equal(plain { signed }, json.encode(list[4].thinking_blocks))
    assert.equal("x", list[5].content)
    assert.equal("f", list[6].tool_calls[1]["function"].name)
  end)

  it("#99 a second start of the same message is ignored, of another one a failure", function()
    assert.equal(1, #streamed { start "m", start "m" })
    local list, failure = streamed { start "m", start "n" }
    assert.is_nil(list)
    assert.equal("upstream_invalid_response", failure.code)
  end)

  it("#66 cut inside a call it says length, and leaves the arguments as they are", function()
    local list = seen(streamed {
      start(), block(0, use("1", "f")), delta(0, argument '{"a'), stop(0), over "max_tokens", LAST,
    })
    assert.equal('{"a', list[3].tool_calls[1]["function"].arguments)
    assert.equal("length", list[4])
  end)

  it("of a forced answer is text", function()
    local call = anthropic.call {}
    call.kept = { answer_tool = "json_tool_call", names = {} }
    local list = seen(streamed({
      start(), block(0, use("1", "json_tool_call")), delta(0, argument '{"a":'), delta(0, argument "1}"), stop(0),
      over "tool_use", LAST,
    }, call))
    assert.equal('{"a":', list[2].content)
    assert.equal("1}", list[3].content)
    assert.equal("stop", list[4])
  end)

  it("gives tools the names the client knows", function()
    local call = anthropic.call {}
    call.kept = { names = { a_b = "a.b" } }
    assert.equal("a.b", seen(streamed({ start(), block(0, use("1", "a_b")) }, call))[2].tool_calls[1]["function"].name)
  end)

  it("of garbage in every place never raises", function()
    local garbage = {
      "7", "[]", '"x"', "null", "{}", '{"type":7}', '{"type":"message_start"}', '{"type":"content_block_start"}',
      '{"type":"content_block_delta","index":{}}', '{"type":"message_delta"}', '{"type":"content_block_stop"}',
      '{"type":"content_block_start","index":null,"content_block":{"type":"text"}}',
      '{"type":"content_block_start","index":0,"content_block":7}',
    }
    for _, odd in ipairs(garbage) do
      local state = dialect.stream(anthropic.call {})
      dialect.event(state, "message_start", json.encode(start()))
      local ok, payloads, failure = pcall(dialect.event, state, "", odd)
      assert.is_true(ok, odd .. ": " .. tostring(payloads))
      assert.truthy(payloads or failure)
    end
  end)
end)
