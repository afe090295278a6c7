-- SPDX-License-Identifier: Apache-2.0
--- The Responses API as a wire format: chat requests in its words, its answers and failures in chat's.

local json = require "gateway.json"
local responses = require "spec.support.responses"
local spec = require "gateway.spec"

local dialect = responses.dialect
local sent = responses.sent

local function user(content)
  return json.array { { role = "user", content = content } }
end

local function items_of(messages, more)
  return assert(sent({ messages = messages }, more)).input
end

describe("a request", function()
  it("leaves out what the API has not", function()
    local body = sent { seed = 1, stop = "x", frequency_penalty = 1, presence_penalty = 1, prediction = {},
      modalities = json.array { "text" }, logit_bias = { a = 1 }, temperature = 1 }
    for _, name in ipairs { "seed", "stop", "frequency_penalty", "presence_penalty", "prediction", "modalities",
      "logit_bias", "temperature" } do
      assert.is_nil(body[name])
      assert.is_true(dialect.refuses(name, responses.provider, "gpt-5-codex"))
    end
    assert.is_false(dialect.refuses("tools", responses.provider, "gpt-5-codex"))
  end)

  it("keeps sampling for models that take it", function()
    local body = sent({ temperature = 0.5, top_p = 0.9 }, { model = "computer-use-preview" })
    assert.same({ 0.5, 0.9 }, { body.temperature, body.top_p })
    assert.is_nil(body.include)
  end)

  it("asks for at least 16 tokens", function()
    assert.equal(16, sent({ max_tokens = 1 }).max_output_tokens)
    assert.equal(99, sent({ max_completion_tokens = 99, max_tokens = 5 }).max_output_tokens)
  end)

  it("is stored only when the client wants it", function()
    local body = sent { store = true }
    assert.same({ true }, { body.store, body.include })
    assert.is_false(sent({}).store)
  end)

  it("asks for one answer", function()
    local _, failure = sent { n = 2 }
    assert.same({ 400, "unsupported_parameter", "n", true },
      { failure.status, failure.code, failure.param, failure.elsewhere })
    assert.truthy(sent { n = 1 })
  end)

  it("streams when the client does", function()
    assert.is_true(sent({}, { stream = true }).stream)
    assert.is_nil(sent({}).stream)
  end)

  it("asks for probabilities", function()
    local body = sent({ logprobs = true, top_logprobs = 3 }, { model = "computer-use-preview" })
    assert.same({ { "message.output_text.logprobs" }, 3 }, { body.include, body.top_logprobs })
  end)

  it("#52 keeps schemas as they were written", function()
    local body = '{"tools":[{"type":"function","function":{"name":"f","parameters":{"z":1.0,"a":2}}}]}'
    local made = assert(dialect.request(responses.call(body), responses.provider))
    assert.truthy(made.body:find('"parameters":{"z":1.0,"a":2}', 1, true))
  end)

  it("has the tools and the choice of the old API, too", function()
    local body = sent { functions = json.array { { name = "f", parameters = {} } }, function_call = { name = "f" } }
    assert.same({ "function", "f", false }, { body.tools[1].type, body.tools[1].name, body.tools[1].strict })
    assert.same({ type = "function", name = "f" }, body.tool_choice)
    assert.is_nil(sent({ tool_choice = "required" }).tool_choice)
  end)

  it("allows some tools", function()
    local tools = json.array { { type = "function", ["function"] = { name = "f" } } }
    local body = sent { tools = tools, tool_choice = { type = "allowed_tools", allowed_tools = { mode = "auto",
      tools = json.array { { type = "function", ["function"] = { name = "f" } } } } } }
    assert.same({ type = "allowed_tools", mode = "auto", tools = { { type = "function", name = "f" } } },
      body.tool_choice)
  end)

  it("refuses what it cannot read, with its place", function()
    local function param(body) return select(2, sent(body)).param end
    assert.equal("messages", param { messages = json.array {} })
    assert.equal("messages[0].role", param { messages = json.array { { role = "x" } } })
    assert.equal("messages[0].content", param { messages = user(7) })
    assert.equal("messages[0].content[0]", param { messages = user(json.array { { type = "video" } }) })
    assert.equal("messages[0].content[0]", param { messages = user(json.array { { type = "file", file = {} } }) })
    assert.equal("tools[0]", param { tools = json.array { { type = "function" } } })
    assert.equal("messages[0].tool_calls[0]", param { messages = json.array { { role = "assistant",
      tool_calls = json.array { {} } } } })
    assert.equal("messages[0].tool_call_id", param { messages = json.array { { role = "tool", content = "x" } } })
  end)
end)

describe("a conversation", function()
  it("has every kind of part", function()
    local content = items_of(user(json.array {
      { type = "text", text = "x" }, { type = "image_url", image_url = "https://a" },
      { type = "file", file = { filename = "a.pdf", file_data = "data:" } },
      { type = "input_audio", input_audio = { data = "AA", format = "mp3" } },
    }))[1].content
    assert.same({ "input_text", "input_image", "input_file", "input_audio" },
      { content[1].type, content[2].type, content[3].type, content[4].type })
  end)

  it("has refusals and the old API's calls", function()
    local items = items_of(json.array {
      { role = "assistant", content = json.null, refusal = "No." },
      { role = "assistant", content = json.null, function_call = { name = "f", arguments = "" } },
      { role = "function", name = "f", content = "1" },
    })
    assert.same({ { type = "refusal", refusal = "No." } }, items[1].content)
    assert.same({ type = "function_call", call_id = "f", name = "f", arguments = "{}" }, items[2])
    assert.same({ type = "function_call_output", call_id = "f", output = "1" }, items[3])
  end)

  it("has images in results", function()
    local items = items_of(json.array { { role = "tool", tool_call_id = "c",
      content = json.array { { type = "image_url", image_url = { url = "data:" } } } } })
    assert.equal("input_image", items[1].output[1].type)
  end)

  it("#55 does not show another model what this one has sealed", function()
    local messages = json.array { { role = "assistant", content = "x", thinking_blocks = json.array {
      { type = "openai_reasoning", id = "rs_1", encrypted_content = "s", summary = json.array {} } } } }
    assert.equal("reasoning", items_of(messages)[1].type)
    assert.equal("message", items_of(messages, { moved = true })[1].type)
  end)
end)

describe("an answer", function()
  local function answered(body)
    return dialect.response(responses.call {}, type(body) == "table" and json.encode(body) or body, {})
  end

  it("that failed is a failure with its code", function()
    local _, failure = answered { status = "failed", error = { code = "rate_limit_exceeded", message = "Slow." } }
    assert.same({ 429, "rate_limit_exceeded", "Slow." }, { failure.status, failure.code, failure.message })
    _, failure = answered { status = "failed", error = { code = "invalid_image_url", message = "No image." } }
    assert.same({ 400, "invalid_image_url" }, { failure.status, failure.code })
    _, failure = answered { status = "failed", error = json.null, output = json.array {} }
    assert.equal(502, failure.status)
    _, failure = answered { status = "cancelled", output = json.array {} }
    assert.equal(502, failure.status)
  end)

  it("that is none is a failure", function()
    for _, text in ipairs { "{}", "<html>", "[]", "null" } do
      local _, failure = answered(text)
      assert.equal("upstream_invalid_response", failure.code)
    end
  end)

  it("#62 joins texts, and tells its usage", function()
    local text, usage = answered { status = "completed", usage = { input_tokens = 3, output_tokens = 4 },
      output = json.array { { type = "message", content = json.array { { type = "output_text", text = "a" } } },
        { type = "message", content = json.array { { type = "output_text", text = "b" } } } } }
    assert.equal("ab", json.decode(text).choices[1].message.content)
    assert.same({ prompt_tokens = 3, completion_tokens = 4 }, usage)
  end)

  it("has its probabilities", function()
    local text = answered { status = "completed", output = json.array { { type = "message", content = json.array {
      { type = "output_text", text = "a", logprobs = json.array { { token = "a", logprob = -1 } } } } } } }
    assert.same({ { token = "a", logprob = -1 } }, json.decode(text).choices[1].logprobs.content)
  end)
end)

describe("a stream", function()
  local function event(state, name, fields)
    fields.type = name
    return dialect.event(state, name, json.encode(fields))
  end

  it("#100 ignores what it does not know", function()
    local state = dialect.stream(responses.call {})
    assert.same({}, event(state, "response.new_thing.delta", { delta = "x" }))
    assert.same({}, event(state, "response.web_search_call.searching", { item_id = "ws" }))
    assert.same({}, event(state, "response.function_call_arguments.delta", { item_id = "nobody", delta = "x" }))
  end)

  it("says nothing before the provider does", function()
    local state = dialect.stream(responses.call {})
    assert.same({}, event(state, "response.created", { response = { id = "resp_1", model = "m" } }))
    local payloads = event(state, "response.output_text.delta", { delta = "x" })
    assert.same({ "assistant", "chatcmpl-resp_1" },
      { json.decode(payloads[1]).choices[1].delta.role, json.decode(payloads[1]).id })
  end)

  it("tells a whole call that came without deltas", function()
    local state = dialect.stream(responses.call {})
    local payloads = event(state, "response.output_item.done", { item = { type = "function_call", id = "fc",
      call_id = "c", name = "f", arguments = '{"a":1}' } })
    assert.equal('{"a":1}', json.decode(payloads[3]).choices[1].delta.tool_calls[1]["function"].arguments)
  end)

  it("fails as its first event says", function()
    local failure = dialect.first_failure("error", '{"type":"error","code":"server_error","message":"Oh."}')
    assert.same({ 502, "server_error", "Oh." }, { failure.status, failure.code, failure.message })
    failure = dialect.first_failure("response.failed",
      '{"type":"response.failed","response":{"status":"failed","error":{"code":"invalid_prompt","message":"No."}}}')
    assert.equal(400, failure.status)
    assert.is_nil(dialect.first_failure("response.created", '{"type":"response.created"}'))
    assert.is_nil(dialect.first_failure("", "x"))
  end)

  it("fails by a nested error, too", function()
    local state = dialect.stream(responses.call {})
    local _, failure = dialect.event(state, "error", '{"type":"error","error":{"code":"insufficient_quota"}}')
    assert.same({ 429, "insufficient_quota" }, { failure.status, failure.code })
    _, failure = dialect.event(state, "", '{"error":{"message":"bare"}}')
    assert.equal("bare", failure.message)
  end)
end)

describe("a failed call", function()
  it("reads as everywhere at OpenAI", function()
    local failure = dialect.failure(429, { ["retry-after"] = "7" }, '{"error":{"message":"Slow.","code":"x"}}')
    assert.same({ 429, "Slow.", "x", 7 }, { failure.status, failure.message, failure.code, failure.retry_after })
  end)
end)

describe("the provider openai", function()
  local provider = spec.script("providers", "openai")

  it("names the models that know nothing else", function()
    local wire
    for _, one in ipairs(provider.wires) do
      if one.dialect == "openai_responses" then wire = one end
    end
    assert.equal("/responses", wire.path)
    assert.truthy(#wire.contains > 0)
  end)
end)
