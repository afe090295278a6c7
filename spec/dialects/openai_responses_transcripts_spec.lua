-- SPDX-License-Identifier: Apache-2.0
--- Every transcript of the Responses API: upstream the request we send, the answer and the stream the client gets; as a
--- face the chat request, and what becomes of the chat answer.

local json = require "gateway.json"
local responses = require "spec.support.responses"
local same = require "spec.support.same"
local spec = require "gateway.spec"
local transcripts = require "spec.support.transcripts"

local vendor = transcripts.of {
  vendor = "responses", dialect = responses.dialect, provider = responses.provider,
}

local REQUESTS = { "text", "tool-call", "tool-result" }
local ANSWERS = { "incomplete", "refusal", "text", "tool-call" }
local STREAMS = {
  "stream-failed", "stream-incomplete", "stream-refusal", "stream-text", "stream-tools", "stream-truncated",
}
local FACES = { "face-text", "face-tool-results", "face-tools", "face-turns" }

describe("upstream, the request", function()
  for _, case in ipairs(REQUESTS) do
    it("of " .. case .. " is the provider's", function() vendor.request(case) end)
  end
end)

describe("upstream, the answer", function()
  for _, case in ipairs(ANSWERS) do
    it("of " .. case .. " is a chat's", function() vendor.answer(case) end)
  end
end)

describe("upstream, the stream", function()
  for _, case in ipairs(STREAMS) do
    it("of " .. case .. " is the same however it is cut", function()
      vendor.stream_cut(case)
      vendor.stream_in_pieces(case)
    end)
  end

  for _, case in ipairs { "stream-text", "stream-tools", "stream-incomplete" } do
    it("of " .. case .. " tells its usage only when asked", function() vendor.usage_is_asked(case) end)
  end

  it("that begins with an error fails before anything is seen", function()
    local text = transcripts.text("responses", "stream-error-first", "stream.txt")
    local list, failure = responses.translated(text)
    assert.is_nil(list)
    assert.same({ 429, "rate_limit_exceeded", "Slow down." }, { failure.status, failure.code, failure.message })
  end)
end)

describe("as a face, the chat request", function()
  for _, case in ipairs(FACES) do
    it("of " .. case .. " says the same", function()
      local client = transcripts.document("responses", case, "client", responses.face.raw_keys)
      local expected = transcripts.document("responses", case, "upstream.openai.request")
      local made = assert(responses.asked(json.encode(client.body)))
      local ok, difference = same.request(expected, made)
      assert.is_true(ok, difference)
    end)
  end
end)

--- A fixture of a chat answer as a Response object, decoded.
local function answered(case)
  local context = responses.ready()
  local text = spec.fixture(("responses/%s.upstream.openai.response.json"):format(case))
  return assert(json.decode(assert(responses.face.response(context, text)))), context
end

describe("as a face, the Response object", function()
  it("of face-text has every member that clients know", function()
    local made = answered "face-text"
    local item = made.output[1]
    assert.same({ "response", "completed", 1767225600, "gpt-4o-2024-08-06" },
      { made.object, made.status, made.created_at, made.model })
    assert.truthy(made.id:find "^resp_mg%x+$")
    assert.same({ "message", "assistant", "completed" }, { item.type, item.role, item.status })
    assert.same("In a peaceful grove, a unicorn slept.", item.content[1].text)
    assert.same(
      { input_tokens = 36, output_tokens = 87, total_tokens = 123,
        input_tokens_details = { cached_tokens = 0, cache_write_tokens = 0 },
        output_tokens_details = { reasoning_tokens = 0 } }, made.usage)
    for _, name in ipairs {
      "error", "incomplete_details", "instructions", "max_output_tokens", "metadata", "parallel_tool_calls",
      "previous_response_id", "reasoning", "temperature", "text", "tool_choice", "tools", "top_p", "truncation",
      "store", "background", "service_tier", "user", "completed_at", "max_tool_calls", "top_logprobs",
      "prompt_cache_key", "safety_identifier",
    } do
      assert.is_not_nil(made[name], name)
    end
  end)

  it("of face-tools has the text and both calls", function()
    local output = answered "face-tools".output
    assert.same({ "message", "function_call", "function_call" }, { output[1].type, output[2].type, output[3].type })
    assert.same({ "call_unDCrYBRgsGjHQ4nXwMCjlXe", "get_weather", '{"city":"Boston"}', "completed" },
      { output[2].call_id, output[2].name, output[2].arguments, output[2].status })
    assert.truthy(output[2].id:find "^fc_")
    assert.are_not.equal(output[2].id, output[3].id)
  end)

  it("of face-reasoning has the reasoning first, and its tokens", function()
    local made = answered "face-reasoning"
    assert.same({ "reasoning", "message" }, { made.output[1].type, made.output[2].type })
    assert.same({ { type = "reasoning_text", text = "Two and two." } }, made.output[1].content)
    assert.same({ cached_tokens = 4, cache_write_tokens = 2 }, made.usage.input_tokens_details)
    assert.equal(24, made.usage.output_tokens_details.reasoning_tokens)
  end)

  it("of face-refusal has a refusal", function()
    assert.same({ type = "refusal", refusal = "I cannot help with that." },
      answered "face-refusal".output[1].content[1])
  end)

  it("of face-length is incomplete", function()
    local made = answered "face-length"
    assert.same({ "incomplete", { reason = "max_output_tokens" } }, { made.status, made.incomplete_details })
    assert.same({ "incomplete", json.null }, { made.output[1].status, made.completed_at })
  end)

  it("of face-citations has its annotations", function()
    assert.same({ { type = "url_citation", start_index = 6, end_index = 15, url = "https://a.example", title = "A" } },
      answered "face-citations".output[1].content[1].annotations)
  end)

  it("of face-turns repeats what the request said", function()
    local client = transcripts.text("responses", "face-turns", "client.json")
    local body = json.decode(client, { raw = responses.face.raw_keys }).body
    local context = responses.ready(json.encode(body))
    local answer = spec.fixture "responses/face-turns.upstream.openai.response.json"
    local made = json.decode(responses.face.response(context, answer))
    assert.same({ "You are terse.", 100, 0.5, 0.9, "u-1", { a = "b" }, false, "auto", "flex", "s-1", "p-1", 2 },
      { made.instructions, made.max_output_tokens, made.temperature, made.top_p, made.user, made.metadata, made.store,
        made.truncation, made.service_tier, made.safety_identifier, made.prompt_cache_key, made.top_logprobs })
    assert.same({ "json_schema", "weather", "low", "low" },
      { made.text.format.type, made.text.format.name, made.text.verbosity, made.reasoning.effort })
    assert.equal(false, made.text.format.schema.additionalProperties)
    assert.is_nil(context.kept.record)
  end)
end)
