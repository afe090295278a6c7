-- SPDX-License-Identifier: Apache-2.0
--- OpenAI's chunks as events of Anthropic's, whatever the vendor makes of them. Every stream here is held against the
--- rules that clients check.

local face = require "spec.support.anthropic_face"
local json = require "gateway.json"

--- A delta with fragments of calls.
local function fragments(...) return { tool_calls = json.array { ... } } end

local function opening(index, id, name, arguments)
  return { index = index, id = id, type = "function", ["function"] = { name = name, arguments = arguments or "" } }
end

local function more(index, arguments) return { index = index, ["function"] = { arguments = arguments } } end

local KINDS = { text_delta = "text", thinking_delta = "thinking", signature_delta = "thinking",
  input_json_delta = "tool_use" }

local CHECKS = {
  content_block_start = function(state, event)
    assert.is_nil(state.open, "a block is begun while another is open")
    assert.are.equal(state.next, event.index)
    state.open, state.text = event.content_block.type, ""
    if state.open == "tool_use" then
      assert.is_nil(state.ids[event.content_block.id], "an id comes twice")
      state.ids[event.content_block.id] = true
    end
  end,
  content_block_delta = function(state, event)
    assert.are.equal(state.next, event.index)
    assert.are.equal(state.open, KINDS[event.delta.type])
    state.text = state.text .. (event.delta.partial_json or "")
  end,
  content_block_stop = function(state, event)
    assert.are.equal(state.next, event.index)
    if state.open == "tool_use" then assert.is_table(json.decode(state.text)) end
    state.open, state.next = nil, state.next + 1
  end,
  message_delta = function(state, event)
    assert.is_nil(state.open, "a block is open at the end")
    for _, name in ipairs {
      "input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens",
    } do
      assert.is_number(event.usage[name])
    end
  end,
}

--- The stream in words; what clients rely on has been checked.
local function told(deltas, reason)
  local events = face.streamed(deltas, reason)
  local state = { next = 0, ids = {} }
  for _, event in ipairs(events) do
    if CHECKS[event.type] then CHECKS[event.type](state, event) end
  end
  local lines = face.told(events)
  if lines[1] == "message_start" then table.remove(lines, 1) end
  return lines, events
end

describe("texts", function()
  it("#106 thinking and text are blocks of their own, whatever follows what", function()
    assert.are.same({
      "start 0 thinking", "delta 0 a", "stop 0", "start 1 text", "delta 1 b", "delta 1 c", "stop 1",
      "start 2 thinking", "delta 2 d", "stop 2", "end_turn", "message_stop",
    }, (told({
      { role = "assistant", content = "" }, { reasoning_content = "a" }, { content = "b" }, { content = "c" },
      { reasoning_content = "d" },
    }, "stop")))
  end)

  it("of one chunk with reasoning, text and the reason come in this order", function()
    local chunk = { choices = json.array { {
      index = 0, delta = { reasoning = "r", content = "t" }, finish_reason = "stop",
    } } }
    assert.are.same({ "start 0 thinking", "delta 0 r", "stop 0", "start 1 text", "delta 1 t", "stop 1", "end_turn",
      "message_stop" }, (told { chunk }))
  end)

  it("#113 an empty answer has no block", function()
    assert.are.same({ "end_turn", "message_stop" }, (told({ { role = "assistant", content = "" } }, "stop")))
  end)

  it("a refusal is text, and its reason refusal", function()
    assert.are.same({ "start 0 text", "delta 0 no", "stop 0", "refusal", "message_stop" },
      (told({ { refusal = "no" } }, "content_filter")))
  end)

  it("of contents that are lists are told by their kinds", function()
    local list = json.array { { type = "thinking", thinking = json.array { { type = "text", text = "h" } } },
      { type = "text", text = "t" } }
    assert.are.same({ "start 0 thinking", "delta 0 h", "stop 0", "start 1 text", "delta 1 t", "stop 1", "max_tokens",
      "message_stop" }, (told({ { content = list } }, "length")))
  end)

  it("only those of the first choice are told", function()
    local second = { choices = json.array { { index = 1, delta = { content = "x" }, finish_reason = json.null } } }
    assert.are.same({ "start 0 text", "delta 0 a", "stop 0", "end_turn", "message_stop" },
      (told({ { content = "a" }, second }, "stop")))
  end)

  it("that come after the reason are not told", function()
    local chunk = { choices = json.array { { index = 0, delta = { content = "a" }, finish_reason = "stop" } } }
    assert.are.same({ "start 0 text", "delta 0 a", "stop 0", "end_turn", "message_stop" },
      (told { chunk, { content = "b" } }))
  end)
end)

describe("signed blocks", function()
  it("are signed before they close", function()
    local block = { type = "thinking", thinking = "ab", signature = "SIG" }
    assert.are.same({ "start 0 thinking", "delta 0 ab", "delta 0 SIG", "stop 0", "start 1 text", "delta 1 t", "stop 1",
      "end_turn", "message_stop" },
      (told({ { reasoning_content = "ab" }, { thinking_blocks = json.array { block } }, { content = "t" } }, "stop")))
  end)

  it("come whole when their words did not come before; hidden ones are blocks of their own", function()
    local lines, events = told({ { thinking_blocks = json.array {
      { type = "thinking", thinking = "ab", signature = "SIG" }, { type = "redacted_thinking", data = "DATA" },
    } } }, "stop")
    assert.are.same({ "start 0 thinking", "delta 0 ab", "delta 0 SIG", "stop 0", "start 1 redacted_thinking", "stop 1",
      "end_turn", "message_stop" }, lines)
    assert.are.equal("DATA", events[6].content_block.data)
  end)

  it("of Google go before their call", function()
    local call = opening(0, "c", "f", "{}")
    call.extra_content = { google = { thought_signature = "SIG" } }
    assert.are.same({ "start 0 thinking", "delta 0 google:SIG", "stop 0", "start 1 f", "delta 1 {}", "stop 1",
      "tool_use", "message_stop" }, (told({ fragments(call) }, "stop")))
  end)
end)

describe("calls", function()
  it("#105 that come at once wait for each other", function()
    assert.are.same({
      "start 0 f", 'delta 0 {"a', 'delta 0 ":1}', "stop 0", "start 1 g", 'delta 1 {"b":', "delta 1 2}", "stop 1",
      "tool_use", "message_stop",
    }, (told({
      fragments(opening(0, "a", "f"), opening(1, "b", "g")), fragments(more(0, '{"a'), more(1, '{"b":')),
      fragments(more(1, "2}")), fragments(more(0, '":1}')),
    }, "tool_calls")))
  end)

  it("that follow each other are told as they come", function()
    local lines = told({
      fragments(opening(0, "a", "f", '{"x":"}"}')), fragments(opening(1, "b", "g", "[")), fragments(more(1, "]")),
    }, "tool_calls")
    assert.are.same({ "start 0 f", 'delta 0 {"x":"}"}', "stop 0", "start 1 g", "delta 1 [", "delta 1 ]", "stop 1",
      "tool_use", "message_stop" }, lines)
  end)

  it("are whole at the same place, however their arguments are cut", function()
    local text = [[{"a":"\\\"}{","b":[1,{"c":"\\"}]}]]
    for at = 0, #text do
      local lines, events = told({
        fragments(opening(0, "a", "f", text:sub(1, at))), fragments(more(0, text:sub(at + 1))), { content = "t" },
      }, "stop")
      assert.are.equal("start 0 f", lines[1])
      assert.are.equal("start 1 text", lines[#lines - 4])
      assert.are.equal("tool_use", events[#events - 1].delta.stop_reason)
    end
  end)

  it("#78 without arguments have {} once", function()
    assert.are.same({ "start 0 f", "delta 0 {}", "stop 0", "start 1 g", "delta 1 {}", "stop 1", "tool_use",
      "message_stop" }, (told({ fragments(opening(0, "a", "f")), fragments(opening(1, "b", "g")) }, "tool_calls")))
  end)

  it("#114 next to empty contents make no text block", function()
    local delta = fragments(opening(0, "a", "f", "{}"))
    delta.content = ""
    assert.are.same({ "start 0 f", "delta 0 {}", "stop 0", "tool_use", "message_stop" },
      (told({ { content = json.null }, delta }, "tool_calls")))
  end)

  it("in one chunk with text come behind it; text in the middle of one waits", function()
    local delta = fragments(opening(0, "a", "f", '{"x"'))
    delta.content = "t"
    assert.are.same({
      "start 0 text", "delta 0 t", "stop 0", "start 1 f", 'delta 1 {"x"', "delta 1 :1}", "stop 1", "start 2 text",
      "delta 2 u", "delta 2 v", "stop 2", "tool_use", "message_stop",
    }, (told({ delta, { content = "u" }, fragments(more(0, ":1}")), { content = "v" } }, "tool_calls")))
  end)

  it("without an index are told by their place, with one index by their ids", function()
    local function bare(id, name)
      return { id = id, ["function"] = { name = name, arguments = "{}" } }
    end
    local expected = { "start 0 f", "delta 0 {}", "stop 0", "start 1 g", "delta 1 {}", "stop 1", "tool_use",
      "message_stop" }
    assert.are.same(expected, (told({ fragments(bare("a", "f"), bare("b", "g")) }, "tool_calls")))
    assert.are.same(expected, (told({ fragments(bare("a", "f")), fragments(bare("b", "g")) }, "tool_calls")))
    assert.are.same(expected,
      (told({ fragments(opening(0, "a", "f", "{}")), fragments(opening(0, "b", "g", "{}")) }, "tool_calls")))
  end)

  it("that repeat name and id in every fragment are one call", function()
    assert.are.same({ "start 0 f", "delta 0 {", "delta 0 }", "stop 0", "tool_use", "message_stop" },
      (told({ fragments(opening(0, "a", "f", "{")), fragments(opening(0, "a", "f", "}")) }, "tool_calls")))
  end)

  it("with arguments as an object have them as text", function()
    local call = { index = 0, id = "a", ["function"] = { name = "f", arguments = { x = 1 } } }
    assert.are.same({ "start 0 f", 'delta 0 {"x":1}', "stop 0", "tool_use", "message_stop" },
      (told({ fragments(call) }, "stop")))
  end)

  it("#112 have ids that fit, each its own, made up where there is none", function()
    local _, events = told({ fragments(opening(0, "functions.f:0", "f", "{}")),
      fragments(opening(1, "functions_f_0", "g", "{}")), fragments(opening(2, "", "h", "{}")) }, "tool_calls")
    local ids = {}
    for _, event in ipairs(events) do
      if event.content_block then ids[#ids + 1] = event.content_block.id end
    end
    assert.are.equal("functions_f_0", ids[1])
    assert.are_not.equal(ids[1], ids[2])
    for _, id in ipairs(ids) do assert.is_truthy(id:find "^[%w_%-]+$") end
    assert.are.equal(3, #ids)
  end)

  it("of the old API are calls, too", function()
    assert.are.same({ "start 0 f", "delta 0 {", "delta 0 }", "stop 0", "tool_use", "message_stop" }, (told({
      { function_call = { name = "f", arguments = "{" } }, { function_call = { arguments = "}" } },
    }, "function_call")))
  end)

  it("in a whole message in one chunk are told like others", function()
    local chunk = { choices = json.array { { index = 0, finish_reason = "tool_calls", message = {
      role = "assistant", content = "t",
      tool_calls = json.array { { id = "a", type = "function", ["function"] = { name = "f", arguments = "{}" } } },
    } } } }
    assert.are.same({ "start 0 text", "delta 0 t", "stop 0", "start 1 f", "delta 1 {}", "stop 1", "tool_use",
      "message_stop" }, (told { chunk }))
  end)
end)

describe("the end", function()
  local function usage_of(deltas, reason)
    local events = face.streamed(deltas, reason)
    return events[#events - 1].usage
  end

  it("#107 waits for usage behind the reason, wherever it comes; the last one counts", function()
    local function chunk(choices, count)
      return { choices = choices, usage = { prompt_tokens = count, completion_tokens = 2 } }
    end
    local done = json.array { { index = 0, delta = {}, finish_reason = "stop" } }
    for _, last in ipairs { { chunk(done, 7) }, { { choices = done }, chunk(json.array {}, 7) },
      { { choices = done }, chunk(nil, 7) }, { chunk(done, 3), chunk(json.array {}, 7) } } do
      assert.are.same({
        input_tokens = 7, cache_creation_input_tokens = 0, cache_read_input_tokens = 0, output_tokens = 2,
      }, usage_of(last))
    end
  end)

  it("#108 has counters when nothing was counted, and what the dialect counted when no chunk says", function()
    local nothing = usage_of({ { content = "a" } }, "stop")
    assert.are.same({
      input_tokens = 0, cache_creation_input_tokens = 0, cache_read_input_tokens = 0, output_tokens = 0,
    }, nothing)
    local bytes = face.bytes({ '{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}' },
      { prompt_tokens = 10, completion_tokens = 3, cached_tokens = 4, cache_write_tokens = 1 })
    local events = face.events(bytes)
    assert.are.same({
      input_tokens = 5, cache_creation_input_tokens = 1, cache_read_input_tokens = 4, output_tokens = 3,
    }, events[#events - 1].usage)
  end)

  it("#115 without a reason is an error, and so is an error of the upstream's; then comes nothing", function()
    local events = face.streamed { { content = "a" } }
    assert.are.same({ "message_start", "start 0 text", "delta 0 a", "error" }, face.told(events))
    assert.are.equal("api_error", events[4].error.type)
    events = face.streamed({ { content = "a" }, { error = { message = "busy", type = "overloaded_error" } },
      { content = "b" } }, "stop")
    assert.are.same({ "message_start", "start 0 text", "delta 0 a", "error" }, face.told(events))
    assert.are.same({ type = "overloaded_error", message = "busy" }, events[4].error)
  end)

  it("#115 that breaks is an error of the failure's kind", function()
    local state = face.messages.stream(face.context(face.body { stream = true }))
    face.messages.event(state, '{"choices":[{"index":0,"delta":{"content":"a"}}]}')
    local events = face.events(face.messages.broken(state, {
      status = 504, type = "timeout_error", code = "stream_timeout", message = "too slow",
    }))
    assert.are.same({ { type = "error", error = { type = "timeout_error", message = "too slow" } } }, events)
    assert.are.equal("", face.messages.finish(state))
    assert.are.equal("", face.messages.broken(state, { status = 500, message = "x" }))
  end)

  it("#57 half of a character is U+FFFD", function()
    local events = face.events(face.bytes {
      [[{"choices":[{"index":0,"delta":{"content":"a\ud83d"},"finish_reason":"stop"}]}]],
    })
    assert.are.equal("a\239\191\189", events[3].delta.text)
  end)

  it("of a keep-alive, an empty chunk or no JSON is nothing", function()
    local state = face.messages.stream(face.context(face.body { stream = true }))
    for _, payload in ipairs { '{"choices":[]}', "{}", "x", '{"choices":[],"prompt_filter_results":[]}' } do
      assert.are.equal("", face.messages.event(state, payload))
    end
  end)
end)
