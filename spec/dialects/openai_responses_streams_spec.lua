-- SPDX-License-Identifier: Apache-2.0
--- Streams of the Responses API as a face: which events chat chunks become, in which order, and how they end.

local chunks = require "spec.support.chunks"
local json = require "gateway.json"
local responses = require "spec.support.responses"
local spec = require "gateway.spec"

local face, chunk, used = responses.face, responses.chunk, responses.used

local function fixture(case)
  local list = {}
  for _, payload in ipairs(chunks.read(spec.fixture(("responses/%s.upstream.openai.stream.txt"):format(case)))) do
    if payload ~= "[DONE]" then list[#list + 1] = payload end
  end
  return list
end

--- The events of chunks.
local function events_of(list, context, counts)
  return responses.events(responses.flowed(list, context, counts))
end

--- The events of one type.
local function only(events, kind)
  local list = {}
  for _, event in ipairs(events) do
    if event.type == "response." .. kind then list[#list + 1] = event end
  end
  return list
end

local function last(events)
  return events[#events]
end

local function call(index, id, name, arguments)
  return chunk { tool_calls = json.array { { index = index, id = id, type = "function",
    ["function"] = { name = name, arguments = arguments or "" } } } }
end

local function more(index, arguments)
  return chunk { tool_calls = json.array { { index = index, ["function"] = { arguments = arguments } } } }
end

describe("a stream", function()
  it("of text has the events of the reference, in their order", function()
    local events = events_of(fixture "face-stream-text")
    assert.same({
      "response.created", "response.in_progress", "response.output_item.added", "response.content_part.added",
      "response.output_text.delta", "response.output_text.done", "response.content_part.done",
      "response.output_item.done", "response.completed",
    }, responses.types(events))
    local deltas = only(events, "output_text.delta")
    assert.same({ "Hi", " thére" }, { deltas[1].delta, deltas[2].delta })
    assert.equal("Hi thére", only(events, "output_text.done")[1].text)
    local response = last(events).response
    assert.same({ "completed", "Hi thére", 48 },
      { response.status, response.output[1].content[1].text, response.usage.total_tokens })
  end)

  it("begins with the response in progress, without output or usage", function()
    local events = events_of(fixture "face-stream-text")
    local created = events[1].response
    assert.same({ "in_progress", {}, json.null, json.null },
      { created.status, created.output, created.usage, created.completed_at })
    assert.same(created, events[2].response)
    assert.equal(created.id, last(events).response.id)
    assert.equal(created.created_at, last(events).response.created_at)
  end)

  it("has the same item in all its events as in the end", function()
    for _, case in ipairs { "text", "tools", "reasoning", "refusal", "length" } do
      local events = events_of(fixture("face-stream-" .. case))
      local output = last(events).response.output
      local added, done = only(events, "output_item.added"), only(events, "output_item.done")
      assert.same({ #output, #output }, { #added, #done })
      for i, event in ipairs(added) do
        assert.same({ i - 1, output[i].id, output[i].type }, { event.output_index, event.item.id, event.item.type })
      end
      for _, event in ipairs(done) do assert.same(output[event.output_index + 1], event.item) end
      for _, event in ipairs(events) do
        if event.item_id then assert.equal(output[event.output_index + 1].id, event.item_id) end
      end
    end
  end)

  it("of text and calls closes the text before the first call", function()
    local events = events_of(fixture "face-stream-tools")
    assert.same({
      "response.created", "response.in_progress", "response.output_item.added", "response.content_part.added",
      "response.output_text.delta", "response.output_text.done", "response.content_part.done",
      "response.output_item.done", "response.output_item.added", "response.function_call_arguments.delta",
      "response.output_item.added", "response.function_call_arguments.delta",
      "response.function_call_arguments.done", "response.output_item.done", "response.function_call_arguments.delta",
      "response.function_call_arguments.done", "response.output_item.done", "response.completed",
    }, responses.types(events))
    local done = only(events, "function_call_arguments.done")
    assert.same({ "get_weather", '{"city":"Oslo"}', 1 }, { done[1].name, done[1].arguments, done[1].output_index })
    assert.same({ "get_time", "{}", 2 }, { done[2].name, done[2].arguments, done[2].output_index })
  end)

  it("of calls spelled at once keeps them apart", function()
    local events = events_of { call(0, "a", "f"), call(1, "b", "g"), more(0, '{"x"'), more(1, '{"y"'), more(0, ":1}"),
      more(1, ":2}"), chunk({}, "tool_calls") }
    local text = { [0] = "", [1] = "" }
    for _, event in ipairs(only(events, "function_call_arguments.delta")) do
      text[event.output_index] = text[event.output_index] .. event.delta
    end
    assert.same({ [0] = '{"x":1}', [1] = '{"y":2}' }, text)
    assert.same({ "a", "b" }, { last(events).response.output[1].call_id, last(events).response.output[2].call_id })
  end)

  it("of reasoning tells it as text, or as a summary when that was asked for", function()
    local events = events_of(fixture "face-stream-reasoning")
    assert.same({ "Two and ", "two." }, {
      only(events, "reasoning_text.delta")[1].delta, only(events, "reasoning_text.delta")[2].delta,
    })
    assert.equal("reasoning_text", only(events, "content_part.added")[1].part.type)
    local asking = responses.ready { input = "x", reasoning = { summary = "auto" } }
    events = events_of(fixture "face-stream-reasoning", asking)
    assert.equal("Two and two.", only(events, "reasoning_summary_text.done")[1].text)
    assert.same({ type = "summary_text", text = "Two and two." }, only(events, "reasoning_summary_part.done")[1].part)
    assert.same({ "reasoning", "message" },
      { last(events).response.output[1].type, last(events).response.output[2].type })
  end)

  it("seals signed blocks in their reasoning", function()
    local context = responses.ready { input = "x", include = json.array { "reasoning.encrypted_content" } }
    local block = { type = "thinking", thinking = "hm", signature = "s" }
    local events = events_of({ chunk { reasoning_content = "hm" }, chunk { thinking_blocks = json.array { block } },
      chunk { content = "4" }, chunk({}, "stop") }, context)
    local sealed = last(events).response.output[1].encrypted_content
    local messages = responses.messages(json.array { last(events).response.output[1], last(events).response.output[2] },
      { target = { dialect = "anthropic_messages" } })
    assert.truthy(sealed)
    assert.same({ block }, messages[1].thinking_blocks)
  end)

  it("keeps the seals that it does not show", function()
    local context = responses.ready { input = "x" }
    local block = { type = "redacted_thinking", data = "x" }
    local events = events_of({ chunk { thinking_blocks = json.array { block } }, chunk { content = "4" },
      chunk({}, "stop") }, context)
    assert.is_nil(last(events).response.output[1].encrypted_content)
    assert.truthy(json.decode(context.kept.record.output)[1].encrypted_content)
  end)

  it("of a refusal has a part of its own", function()
    local events = events_of(fixture "face-stream-refusal")
    assert.equal("I cannot help.", only(events, "refusal.done")[1].refusal)
    assert.same({ type = "refusal", refusal = "I cannot help." }, last(events).response.output[1].content[1])
  end)

  it("may refuse after it has begun to speak", function()
    local events = events_of { chunk { content = "Well" }, chunk { refusal = "No." }, chunk({}, "stop") }
    local content = last(events).response.output[1].content
    assert.same({ "output_text", "refusal" }, { content[1].type, content[2].type })
    assert.same({ 0, 1 }, { only(events, "content_part.added")[1].content_index,
      only(events, "content_part.added")[2].content_index })
  end)

  it("that was cut short is incomplete", function()
    local events = events_of(fixture "face-stream-length")
    assert.equal("response.incomplete", last(events).type)
    assert.same({ reason = "max_output_tokens" }, last(events).response.incomplete_details)
    assert.equal("incomplete", last(events).response.output[1].status)
    events = events_of { chunk { content = "x" }, chunk({}, "content_filter") }
    assert.same({ reason = "content_filter" }, last(events).response.incomplete_details)
  end)

  it("of nothing has an empty message", function()
    local events = events_of { chunk({}, "stop") }
    assert.same({ "message", {} }, { last(events).response.output[1].type, last(events).response.output[1].content })
  end)

  it("names its sources", function()
    local note = { type = "url_citation",
      url_citation = { start_index = 0, end_index = 1, url = "https://a.example", title = "A" } }
    local events = events_of { chunk { content = "x" }, chunk { annotations = json.array { note } }, chunk({}, "stop") }
    local added = only(events, "output_text.annotation.added")[1]
    assert.same({ 0, "https://a.example" }, { added.annotation_index, added.annotation.url })
    assert.same({ added.annotation }, last(events).response.output[1].content[1].annotations)
  end)

  it("has probabilities with the text they are of", function()
    local entry = { token = "x", logprob = -1, top_logprobs = json.array {} }
    local logprobs = { content = json.array { entry } }
    local events = events_of { chunk({ content = "x" }, nil, { logprobs = logprobs }), chunk({}, "stop") }
    assert.same({ entry }, only(events, "output_text.delta")[1].logprobs)
    assert.same({ entry }, only(events, "output_text.done")[1].logprobs)
  end)

  it("tells free text of custom tools at once", function()
    local context = responses.ready { input = "x", tools = json.array { { type = "custom", name = "patch" } } }
    local list = { call(0, "c", "patch", '{"inp'), more(0, 'ut":"*** x"}'), chunk({}, "tool_calls") }
    local events = events_of(list, context)
    assert.same({ "*** x", "*** x" }, { only(events, "custom_tool_call_input.delta")[1].delta,
      only(events, "custom_tool_call_input.done")[1].input })
    assert.equal("*** x", last(events).response.output[1].input)
  end)

  it("passes on free text of a server that knows custom tools", function()
    local function custom(said, id)
      return chunk { tool_calls = json.array { { index = 0, id = id, type = id and "custom", custom = said } } }
    end
    local events = events_of { custom({ name = "patch", input = "" }, "c"), custom { input = "**" },
      custom { input = "*" }, chunk({}, "tool_calls") }
    assert.same({ "**", "*" }, { only(events, "custom_tool_call_input.delta")[1].delta,
      only(events, "custom_tool_call_input.delta")[2].delta })
    assert.same({ "custom_tool_call", "***" },
      { last(events).response.output[1].type, last(events).response.output[1].input })
  end)

  it("#71 of a server that forgets ids and indexes still has its calls", function()
    local function bare(name, id)
      return { id = id, type = "function", ["function"] = { name = name, arguments = "{}" } }
    end
    local events = events_of { chunk { tool_calls = json.array { bare "f", bare "g" } }, chunk({}, "tool_calls") }
    local output = last(events).response.output
    assert.same({ "f", "g" }, { output[1].name, output[2].name })
    assert.are_not.equal(output[1].call_id, output[2].call_id)
    events = events_of { call(0, "a", "f", "{}"), call(0, "b", "f", "{}"), chunk({}, "tool_calls") }
    output = last(events).response.output
    assert.same({ "a", "b", "{}" }, { output[1].call_id, output[2].call_id, output[2].arguments })
  end)

  it("waits for a call's name", function()
    local function nameless(text) return more(0, text) end
    local events = events_of { nameless '{"a"', call(0, "c", "f", ":1"), nameless "}", chunk({}, "tool_calls") }
    assert.equal('{"a":1}', last(events).response.output[1].arguments)
    assert.equal('{"a":1', only(events, "function_call_arguments.delta")[1].delta)
  end)

  it("speaks again after its calls in a new message", function()
    local events = events_of { chunk { content = "a" }, call(0, "c", "f", "{}"), chunk { content = "b" },
      chunk({}, "tool_calls") }
    local output = last(events).response.output
    assert.same({ "message", "function_call", "message" }, { output[1].type, output[2].type, output[3].type })
  end)

  it("takes usage from where it comes, and other choices not at all", function()
    local other = chunk { content = "other" }
    other.choices[1].index = 1
    local events = events_of({ chunk { content = "a" }, other, chunk({}, "stop") }, nil,
      { prompt_tokens = 3, completion_tokens = 4, reasoning_tokens = 2 })
    assert.same({ 3, 4, 7, 2 }, {
      last(events).response.usage.input_tokens, last(events).response.usage.output_tokens,
      last(events).response.usage.total_tokens, last(events).response.usage.output_tokens_details.reasoning_tokens,
    })
    assert.equal("a", last(events).response.output[1].content[1].text)
    events = events_of { chunk { content = "a" }, chunk({}, "stop"), used(5, 6) }
    assert.equal(11, last(events).response.usage.total_tokens)
  end)

  it("keeps what it said", function()
    local context = responses.ready { input = "x" }
    local events = events_of(fixture "face-stream-text", context)
    assert.same(last(events).response, json.decode(context.kept.record.response))
  end)
end)

describe("a stream that fails", function()
  local FAILURE = { status = 429, type = "rate_limit_error", code = "rate_limit_exceeded", message = "Slow down." }

  local function broken(list)
    local context, bytes = responses.ready { input = "x" }, {}
    local state = face.stream(context)
    for i, one in ipairs(list) do bytes[i] = face.event(state, json.encode(one)) end
    bytes[#bytes + 1] = face.broken(state, FAILURE)
    return responses.events(table.concat(bytes)), context
  end

  it("says so twice: as the response, and as an error that clients raise", function()
    local events, context = broken { chunk { content = "a" }, call(0, "c", "f", "{") }
    local failed, problem = events[#events - 1], last(events)
    assert.same({ "response.failed", "failed", { code = "rate_limit_exceeded", message = "Slow down." } },
      { failed.type, failed.response.status, failed.response.error })
    assert.same({ "error", "rate_limit_exceeded", "Slow down.", json.null },
      { problem.type, problem.code, problem.message, problem.param })
    assert.same({ type = "rate_limit_error", code = "rate_limit_exceeded", message = "Slow down.", param = json.null },
      problem.error)
    assert.equal("message", failed.response.output[1].type)
    assert.is_nil(context.kept.record)
  end)

  it("before its first word is whole, too", function()
    local events = broken {}
    assert.same({ "response.created", "response.in_progress", "response.failed", "error" }, responses.types(events))
  end)

  it("#93 that never says why it ended has failed", function()
    local events = events_of { chunk { content = "a" } }
    assert.same({ "error", "upstream_stream_truncated" }, { last(events).type, last(events).code })
  end)
end)
