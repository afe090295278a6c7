-- SPDX-License-Identifier: Apache-2.0
--- Chat answers as Response objects, and failures as OpenAI's clients read them.

local json = require "gateway.json"
local responses = require "spec.support.responses"

local face = responses.face

describe("an answer", function()
  it("of a custom tool is its free text", function()
    local made = responses.answered({ content = json.null, tool_calls = json.array {
      { id = "c", type = "function", ["function"] = { name = "patch", arguments = '{"input":"*** x"}' } } } },
      { finish_reason = "tool_calls" }, { input = "x", tools = json.array { { type = "custom", name = "patch" } } })
    assert.same({ "custom_tool_call", "c", "patch", "*** x" },
      { made.output[1].type, made.output[1].call_id, made.output[1].name, made.output[1].input })
  end)

  it("of a custom tool that is no object is taken as it is", function()
    local made = responses.answered({ content = json.null, tool_calls = json.array {
      { id = "c", type = "function", ["function"] = { name = "patch", arguments = "*** x" } } } },
      { finish_reason = "tool_calls" }, { input = "x", tools = json.array { { type = "custom", name = "patch" } } })
    assert.equal("*** x", made.output[1].input)
  end)

  it("has summaries for who asked for them", function()
    local made = responses.answered({ content = "4", reasoning_content = "hm" }, nil,
      { input = "x", reasoning = { summary = "auto" } })
    assert.same({ { type = "summary_text", text = "hm" } }, made.output[1].summary)
    assert.is_nil(made.output[1].content)
  end)

  it("keeps seals for itself unless they are asked for", function()
    local message = { content = "4", reasoning_content = "hm",
      thinking_blocks = json.array { { type = "thinking", thinking = "hm", signature = "s" } } }
    local made, context = responses.answered(message)
    assert.is_nil(made.output[1].encrypted_content)
    assert.truthy(json.decode(context.kept.record.output)[1].encrypted_content)
    made, context = responses.answered(message, nil,
      { input = "x", include = json.array { "reasoning.encrypted_content" } })
    assert.truthy(made.output[1].encrypted_content)
    assert.is_nil(context.kept.record.output)
  end)

  it("#63 of nothing but calls has no message", function()
    local made = responses.answered({ content = "", tool_calls = json.array {
      { id = "c", type = "function", ["function"] = { name = "f", arguments = "" } } } },
      { finish_reason = "tool_calls" })
    assert.same({ 1, "function_call", "{}" }, { #made.output, made.output[1].type, made.output[1].arguments })
  end)

  it("of nothing at all is an empty message", function()
    assert.equal("", responses.answered({ content = "" }).output[1].content[1].text)
  end)

  it("has probabilities with their alternatives", function()
    local made = responses.answered({ content = "4" },
      { logprobs = { content = json.array { { token = "4", logprob = -0.5, bytes = json.array { 52 } } } } })
    assert.same({ { token = "4", logprob = -0.5, bytes = { 52 }, top_logprobs = {} } },
      made.output[1].content[1].logprobs)
  end)

  it("without usage says nothing of it", function()
    assert.equal(json.null, responses.answered({ content = "4" }, { usage = json.null }).usage)
  end)

  it("that is none is told of", function()
    assert.is_nil(face.response(responses.ready(), "{}"))
    assert.is_nil(face.response(responses.ready(), "<html>"))
  end)

  it("is kept with its input, unless the client forbids it", function()
    local _, context = responses.answered({ content = "4" }, nil, { input = "2+2" })
    local record = context.kept.record
    assert.equal(context.kept.response_id, record.id)
    assert.same({ { type = "message", role = "user", content = { { type = "input_text", text = "2+2" } } } },
      json.decode(record.input))
    assert.equal(record.id, json.decode(record.response).id)
    _, context = responses.answered({ content = "4" }, nil, { input = "2+2", store = false })
    assert.is_nil(context.kept.record)
  end)
end)

describe("a failure", function()
  it("has OpenAI's shape", function()
    local status, text = face.failure { status = 404, type = "t", code = "c", message = "m" }
    assert.same({ 404, { error = { message = "m", type = "t", param = json.null, code = "c" } } },
      { status, json.decode(text) })
  end)
end)
