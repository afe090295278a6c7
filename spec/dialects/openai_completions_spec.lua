-- SPDX-License-Identifier: Apache-2.0
--- Legacy completions in front of a chat model.

local chunks = require "spec.support.chunks"
local json = require "gateway.json"
local mutation = require "spec.support.mutation"
local spec = require "gateway.spec"

local dialect = spec.script("providers/dialects", "openai_completions")
local face = dialect.faces.completions

local REFUSED = "prompt must be a string or single-element array; batch, token-id, and nested-array prompts are not "
  .. "supported"

local function context_of(body, more)
  body.model = body.model or "m"
  local context = {
    request = json.decode(json.encode(body)), model = body.model, stream = body.stream == true, headers = {},
    kept = {}, created = 1767225600, on_unsupported_param = "warn",
  }
  for name, value in pairs(more or {}) do context[name] = value end
  return context
end

local function asked(body, more)
  local context = context_of(body, more)
  local made, failure = face.request(context)
  return made, failure, context
end

local function ready(body)
  local context = context_of(body)
  assert(face.request(context))
  return context
end

--- A chat answer with these texts as its choices.
local function chat(texts, more)
  local choices = json.array {}
  for i, text in ipairs(texts) do
    choices[i] = { index = i - 1, finish_reason = "stop", logprobs = json.null,
      message = { role = "assistant", content = text } }
  end
  local made = { id = "chatcmpl-1", object = "chat.completion", created = 1767225601, model = "m-1", choices = choices,
    usage = { prompt_tokens = 2, completion_tokens = 3, total_tokens = 5 } }
  for name, value in pairs(more or {}) do made[name] = value end
  return json.encode(made)
end

local function answered(body, texts)
  return json.decode(face.response(ready(body), texts))
end

local function chunk(index, delta, reason, more)
  local made = { id = "chatcmpl-1", object = "chat.completion.chunk", created = 1767225601, model = "m-1",
    choices = json.array { { index = index, delta = delta, finish_reason = reason or json.null } } }
  for name, value in pairs(more or {}) do made[name] = value end
  return json.encode(made)
end

local function usage(prompt, completion)
  return json.encode { id = "chatcmpl-1", choices = json.array {},
    usage = { prompt_tokens = prompt, completion_tokens = completion, total_tokens = prompt + completion } }
end

--- What a client reads of the parts' chunks.
local function streamed(body, parts, counts)
  body.stream = true
  local state, bytes = face.stream(ready(body)), {}
  for part, list in ipairs(parts) do
    state.part = part
    for _, payload in ipairs(list) do bytes[#bytes + 1] = face.event(state, payload) end
  end
  bytes[#bytes + 1] = face.finish(state, counts)
  return chunks.read(table.concat(bytes))
end

describe("a prompt", function()
  it("is the user's message; all other members go on", function()
    local made = asked { prompt = "Say this", max_tokens = 7, temperature = 0, n = 2, stop = "x", seed = 1, user = "u",
      logit_bias = { ["50256"] = -100 }, presence_penalty = 1, frequency_penalty = 1, top_p = 0.5, top_k = 3 }
    assert.same({ { role = "user", content = "Say this" } }, made.messages)
    made.messages = nil
    assert.same({ model = "m", max_tokens = 7, temperature = 0, n = 2, stop = "x", seed = 1, user = "u",
      logit_bias = { ["50256"] = -100 }, presence_penalty = 1, frequency_penalty = 1, top_p = 0.5, top_k = 3 }, made)
  end)

  it("may be null, or a list of one", function()
    assert.equal("", asked({ prompt = json.null }).messages[1].content)
    assert.equal("", asked({}).messages[1].content)
    assert.equal("x", asked({ prompt = json.array { "x" } }).messages[1].content)
  end)

  it("may be several: a call for each", function()
    local made = asked { prompt = json.array { "a", "b" }, max_tokens = 5 }
    assert.same({ "a", "b" }, { made.several[1].messages[1].content, made.several[2].messages[1].content })
    assert.same({ 5, 5 }, { made.several[1].max_tokens, made.several[2].max_tokens })
  end)

  it("of token ids is refused in the published words", function()
    for _, prompt in ipairs { json.array { 1, 2 }, json.array { json.array { 1 } }, json.array {}, 7, {},
      json.array { "a", 1 }, json.array { json.null } } do
      local _, failure = asked { prompt = prompt }
      assert.same({ 400, "unsupported_parameter", "prompt", REFUSED },
        { failure.status, failure.code, failure.param, failure.message })
    end
  end)

  it("is one of 128 at most", function()
    local list = json.array {}
    for i = 1, 129 do list[i] = "x" end
    assert.equal("prompt must be an array of at most 128 strings", select(2, asked { prompt = list }).message)
  end)
end)

describe("members", function()
  it("ask for probabilities in chat's words", function()
    local made = asked { prompt = "x", logprobs = 3 }
    assert.same({ true, 3 }, { made.logprobs, made.top_logprobs })
    made = asked { prompt = "x", logprobs = 0 }
    assert.same({ true }, { made.logprobs, made.top_logprobs })
    assert.is_nil(asked({ prompt = "x", logprobs = json.null }).logprobs)
  end)

  it("that chat has not are left out and named, or refused", function()
    local made, _, context = asked { prompt = "x", suffix = "y", best_of = 3 }
    assert.same({ nil, nil, { "suffix", "best_of" } }, { made.suffix, made.best_of, context.dropped })
    local _, failure = asked({ prompt = "x", suffix = "y" }, { on_unsupported_param = "reject" })
    assert.same({ 400, "unsupported_parameter", "suffix" }, { failure.status, failure.code, failure.param })
    _, failure = asked({ prompt = "x", best_of = 2 }, { on_unsupported_param = "reject" })
    assert.equal("best_of", failure.param)
  end)

  it("that ask for nothing are no matter", function()
    local _, failure, context = asked({ prompt = "x", suffix = "", best_of = 2, n = 2 },
      { on_unsupported_param = "reject" })
    assert.is_nil(failure)
    assert.is_nil(context.dropped)
  end)

  it("ask the stream for its usage, whatever the client asked", function()
    local made, _, context = asked { prompt = "x", stream = true }
    assert.same({ true, { include_usage = true }, false },
      { made.stream, made.stream_options, context.kept.include_usage })
    _, _, context = asked { prompt = "x", stream = true, stream_options = { include_usage = true } }
    assert.is_true(context.kept.include_usage)
  end)
end)

describe("an answer", function()
  it("has the legacy form", function()
    assert.same({
      id = "cmpl-1", object = "text_completion", created = 1767225601, model = "m-1",
      choices = { { text = "Hello", index = 0, logprobs = json.null, finish_reason = "stop" } },
      usage = { prompt_tokens = 2, completion_tokens = 3, total_tokens = 5 },
    }, answered({ prompt = "Hi" }, chat { "Hello" }))
  end)

  it("repeats the prompt when it is asked to", function()
    assert.equal("HiHello", answered({ prompt = "Hi", echo = true }, chat { "Hello" }).choices[1].text)
  end)

  it("of several prompts has prompt i and choice j at i * n + j", function()
    local made = answered({ prompt = json.array { "a", "b" }, n = 2, echo = true },
      { chat { "1", "2" }, chat { "3", "4" } })
    local list = {}
    for i, choice in ipairs(made.choices) do list[i] = choice.index .. choice.text end
    assert.same({ "0a1", "1a2", "2b3", "3b4" }, list)
    assert.same({ prompt_tokens = 4, completion_tokens = 6, total_tokens = 10 }, made.usage)
  end)

  it("has the probabilities in columns", function()
    local logprobs = { content = json.array {
      { token = "Hé", logprob = -1, top_logprobs = json.array { { token = "Hé", logprob = -1 } } },
      { token = "llo", logprob = -2, top_logprobs = json.array {} },
    } }
    local text = json.decode(chat { "Héllo" })
    text.choices[1].logprobs = logprobs
    local made = answered({ prompt = "ab", echo = true, logprobs = 1 }, json.encode(text))
    assert.same({ tokens = { "Hé", "llo" }, token_logprobs = { -1, -2 }, text_offset = { 2, 4 },
      top_logprobs = { { ["Hé"] = -1 }, json.null } }, made.choices[1].logprobs)
  end)

  it("of calls and refusals is text that stopped", function()
    local text = chat({}, { choices = json.array { { index = 0, finish_reason = "tool_calls",
      message = { role = "assistant", content = json.null, refusal = "No." } } } })
    assert.same({ "No.", "stop" }, {
      answered({ prompt = "x" }, text).choices[1].text, answered({ prompt = "x" }, text).choices[1].finish_reason,
    })
  end)

  it("that is none is told of", function()
    assert.is_nil(face.response(ready { prompt = "x" }, "{}"))
    assert.is_nil(face.response(ready { prompt = json.array { "a", "b" } }, { chat { "x" }, "nothing" }))
  end)
end)

describe("a stream", function()
  local TEXT = { chunk(0, { role = "assistant", content = "" }), chunk(0, { content = "Hel" }),
    chunk(0, { content = "lo" }), chunk(0, {}, "stop"), usage(2, 3) }

  it("has chunks of the legacy form, and their end", function()
    local list = streamed({ prompt = "x" }, { TEXT })
    assert.same({ id = "cmpl-1", object = "text_completion", created = 1767225601, model = "m-1",
      choices = { { text = "Hel", index = 0, logprobs = json.null, finish_reason = json.null } } }, list[1])
    assert.same({ "lo", "", "stop" },
      { list[2].choices[1].text, list[3].choices[1].text, list[3].choices[1].finish_reason })
    assert.same({ 4, "[DONE]" }, { #list, list[4] })
  end)

  it("tells its usage to who asked", function()
    local list = streamed({ prompt = "x", stream_options = { include_usage = true } }, { TEXT })
    assert.equal(json.null, list[1].usage)
    assert.same({ {}, 5 }, { list[4].choices, list[4].usage.total_tokens })
    list = streamed({ prompt = "x", stream_options = { include_usage = true } }, { { chunk(0, {}, "stop") } },
      { prompt_tokens = 1, completion_tokens = 2 })
    assert.equal(3, list[2].usage.total_tokens)
  end)

  it("of several prompts tells one after the other, with the sum of their usage", function()
    local body = { prompt = json.array { "a", "b" }, n = 2, echo = true, stream_options = { include_usage = true } }
    local list = streamed(body, {
      { chunk(0, { content = "1" }), chunk(1, { content = "2" }), chunk(0, {}, "stop"), chunk(1, {}, "length"),
        usage(1, 1), usage(2, 3) },
      { chunk(1, { content = "4" }), chunk(0, { content = "3" }), chunk(0, {}, "stop"), chunk(1, {}, "stop"),
        usage(4, 5) },
    })
    local texts = {}
    for _, one in ipairs(list) do
      local choice = type(one) == "table" and one.choices[1]
      if choice then texts[choice.index] = (texts[choice.index] or "") .. choice.text end
    end
    assert.same({ [0] = "a1", "a2", "b3", "b4" }, texts)
    assert.same({ prompt_tokens = 6, completion_tokens = 8, total_tokens = 14 }, list[#list - 1].usage)
  end)

  it("counts the places of its tokens on", function()
    local function said(token)
      return { choices = json.array { { index = 0, delta = { content = token }, finish_reason = json.null,
        logprobs = { content = json.array { { token = token, logprob = -1 } } } } } }
    end
    local list = streamed({ prompt = "x", logprobs = 0 },
      { { chunk(0, {}, nil, said "ab"), chunk(0, {}, nil, said "c"), chunk(0, {}, "stop") } })
    assert.same({ { 0 }, { 2 } },
      { list[1].choices[1].logprobs.text_offset, list[2].choices[1].logprobs.text_offset })
  end)

  it("that fails says so, and has no end", function()
    local state = face.stream(ready { prompt = "x", stream = true })
    local text = face.broken(state, { message = "Oh.", type = "api_error", code = "c" })
    assert.same({ error = { message = "Oh.", type = "api_error", code = "c", param = json.null } },
      chunks.read(text)[1])
  end)

  it("of anything a server may send never raises", function()
    local roll = mutation.dice(5)
    for _ = 1, 300 do
      local list = json.array {}
      for i, payload in ipairs(TEXT) do list[i] = json.decode(payload) end
      mutation.value(list, roll)
      for i, one in ipairs(list) do list[i] = json.encode(one) end
      streamed({ prompt = "x", echo = true }, { list })
    end
  end)
end)

describe("forwarding", function()
  local openai = spec.script("providers", "openai")

  it("goes to models that are legacy themselves", function()
    local target = { paths = openai.paths, provider = openai, dialect = "openai_chat" }
    assert.same({ path = "/completions" }, face.forward({ model = "gpt-3.5-turbo-instruct" }, target))
    assert.is_nil(face.forward({ model = "gpt-4o" }, target))
    target.model = "davinci-002"
    assert.same({ path = "/completions" }, face.forward({ model = "old" }, target))
  end)

  it("goes to servers that have it for every model", function()
    local target = { paths = { completions = "/completions" }, provider = {}, dialect = "openai_chat" }
    assert.same({ path = "/completions" }, face.forward({ model = "any" }, target))
    assert.is_nil(face.forward({ model = "any" }, { paths = {}, provider = {}, dialect = "openai_chat" }))
  end)
end)

describe("reading", function()
  it("wants a model, and kinds that are right", function()
    local function read(body)
      return face.read { get = function(_, name)
        local found = body[name]
        return found, found ~= nil and (type(found) == "number" and "integer" or type(found)) or nil
      end }
    end
    assert.equal("model is required", select(2, read {}).message)
    assert.equal("stream must be a boolean", select(2, read { model = "m", stream = 1 }).message)
    assert.same({ model = "m", stream = true, include_usage = true }, read { model = "m", stream = true })
  end)
end)
