-- SPDX-License-Identifier: Apache-2.0
--- What Gemini's clients are answered, whole and streamed; their embeddings, counts, and what is forwarded.

local chunks = require "spec.support.chunks"
local face = require "spec.support.gemini_face"
local json = require "gateway.json"

local GOOGLE = { target = face.target("gemini", { name = "gemini" }, "gemini-2.5-flash") }

local function user(...) return { role = "user", parts = json.array { ... } } end

describe("an answer for Gemini's clients", function()
  local function answered(message, more)
    local choice = { index = 0, message = message, finish_reason = "stop" }
    for name, field in pairs(more or {}) do choice[name] = field end
    return face.answered({ id = "chatcmpl-1", model = "m", choices = json.array { choice } }).candidates[1]
  end

  it("has thought, text and calls in order", function()
    local parts = answered({
      content = "b", reasoning_content = "a", tool_calls = json.array {
        { id = "c", type = "function", ["function"] = { name = "f", arguments = '{"x":1}' },
          extra_content = { google = { thought_signature = "SIG" } } },
      },
    }).content.parts
    assert.same({
      { text = "a", thought = true }, { text = "b" },
      { functionCall = { id = "c", name = "f", args = { x = 1 } }, thoughtSignature = "SIG" },
    }, parts)
  end)

  it("has arguments as objects, whatever they are", function()
    local function args(text)
      return answered({ tool_calls = json.array { { id = "c", ["function"] = { name = "f", arguments = text } } } })
        .content.parts[1].functionCall.args
    end
    assert.same({}, args "")
    assert.same({ value = { 1 } }, args "[1]")
    assert.same({ value = '{"a":' }, args '{"a":')
  end)

  it("ends in Google's words", function()
    for reason, word in pairs {
      stop = "STOP", tool_calls = "STOP", length = "MAX_TOKENS", content_filter = "SAFETY", unheard_of = "STOP",
    } do
      assert.equal(word, answered({ content = "a" }, { finish_reason = reason }).finishReason)
    end
  end)

  it("has pictures inline, and the words of a refusal", function()
    local parts = answered({
      refusal = "No.", images = json.array { { image_url = { url = "data:image/png;base64,AA==" } } },
    }).content.parts
    assert.same({ { text = "No." }, { inlineData = { mimeType = "image/png", data = "AA==" } } }, parts)
  end)

  it("of nothing is an empty text", function()
    assert.same({ { text = "" } }, answered({ content = json.null }).content.parts)
  end)

  it("that is none is no answer", function()
    assert.is_nil(face.chat.response(face.context({ contents = {} }), "{}"))
    assert.is_nil(face.chat.response(face.context({ contents = {} }), "nonsense"))
  end)
end)

describe("a failure for Gemini's clients", function()
  it("has Google's words for its status", function()
    for status, word in pairs {
      [400] = "INVALID_ARGUMENT", [401] = "UNAUTHENTICATED", [403] = "PERMISSION_DENIED", [404] = "NOT_FOUND",
      [429] = "RESOURCE_EXHAUSTED", [500] = "INTERNAL", [502] = "INTERNAL", [503] = "UNAVAILABLE",
      [504] = "DEADLINE_EXCEEDED", [418] = "INVALID_ARGUMENT", [599] = "INTERNAL",
    } do
      local found, text = face.chat.failure { status = status, message = "m", type = "t", code = "c" }
      assert.equal(status, found)
      assert.same({ error = { code = status, message = "m", status = word } }, json.decode(text))
    end
  end)
end)

describe("a stream for Gemini's clients", function()
  local function chunk(delta, reason, more)
    local made = {
      id = "chatcmpl-1", model = "m",
      choices = json.array { { index = 0, delta = delta, finish_reason = reason or json.null } },
    }
    for name, field in pairs(more or {}) do made[name] = field end
    return made
  end

  local function call(index, id, name, arguments)
    return chunk { tool_calls = json.array { {
      index = index, id = id, ["function"] = { name = name, arguments = arguments },
    } } }
  end

  local function parts_of(bytes)
    local list = {}
    for _, piece in ipairs(chunks.read(bytes)) do
      for _, part in ipairs(piece.candidates[1].content.parts) do list[#list + 1] = part end
    end
    return list
  end

  it("tells calls when they are whole, also those that come at once", function()
    local bytes = face.streamed {
      call(0, "a", "f", '{"x"'), call(1, "b", "g", '{"y"'), call(0, nil, nil, ":1}"), call(1, nil, nil, ":2}"),
      chunk({}, "tool_calls"),
    }
    local parts = parts_of(bytes)
    assert.same({ id = "a", name = "f", args = { x = 1 } }, parts[1].functionCall)
    assert.same({ id = "b", name = "g", args = { y = 2 } }, parts[2].functionCall)
    assert.equal(3, #parts)
  end)

  it("is one JSON array for whom asks for no events", function()
    local context = face.context({ contents = {} }, { facts = { method = "streamGenerateContent", sse = false } })
    local text = face.streamed({ chunk { content = "a" }, chunk { content = "b" }, chunk({}, "stop") }, context)
    local list = assert(json.decode(text))
    assert.equal(3, #list)
    assert.equal("STOP", list[3].candidates[1].finishReason)
  end)

  it("that breaks says so, and nothing after it", function()
    local failure = { status = 503, type = "overloaded_error", code = "overloaded", message = "busy" }
    local state = face.chat.stream(face.context({ contents = {} }, { facts = { sse = true } }))
    local bytes = face.chat.event(state, json.encode(chunk { content = "a" })) .. face.chat.broken(state, failure)
    local list = chunks.read(bytes)
    assert.same({ error = { code = 503, message = "busy", status = "UNAVAILABLE" } }, list[2])
    assert.equal("", face.chat.finish(state))
    assert.equal("", face.chat.event(state, json.encode(chunk { content = "b" })))
    state = face.chat.stream(face.context({ contents = {} }, { facts = { sse = false } }))
    bytes = face.chat.event(state, json.encode(chunk { content = "a" })) .. face.chat.broken(state, failure)
    assert.equal(2, #assert(json.decode(bytes)))
  end)

  it("without a reason is not whole", function()
    local list = chunks.read((face.streamed { chunk { content = "a" } }))
    assert.equal(502, list[2].error.code)
  end)

  it("has an error of the upstream as Google's", function()
    local bytes = face.streamed { chunk { content = "a" }, { error = { message = "m", type = "rate_limit_error" } } }
    assert.equal("RESOURCE_EXHAUSTED", chunks.read(bytes)[2].error.status)
  end)

  it("ends with the counters, which come last", function()
    local list = chunks.read((face.streamed { chunk { content = "a" }, chunk({}, "stop"), chunk({}, nil, {
      choices = json.array {}, usage = { prompt_tokens = 3, completion_tokens = 5, total_tokens = 8,
        completion_tokens_details = { reasoning_tokens = 2 } },
    }) }))
    assert.same({ promptTokenCount = 3, candidatesTokenCount = 3, thoughtsTokenCount = 2, totalTokenCount = 8 },
      list[2].usageMetadata)
  end)

  it("tells several choices apart", function()
    local second = chunk({ content = "b" }, "length")
    second.choices[1].index = 1
    local list = chunks.read((face.streamed { chunk({ content = "a" }, "stop"), second }))
    assert.equal(1, list[2].candidates[1].index)
    assert.equal("MAX_TOKENS", list[3].candidates[2].finishReason)
  end)
end)

describe("embeddings for Gemini's clients", function()
  local embed = face.faces.gemini_embed

  local function sent(body, more)
    more = more or {}
    more.face = embed
    local made, failure = embed.request(face.context(body, more))
    return made and json.decode(json.encode(made)), failure
  end

  it("are asked for one by one or in a batch", function()
    local content = { parts = json.array { { text = "a" }, { text = "b" } } }
    assert.same({ model = "gpt-4.1-mini", input = { "a\nb" }, encoding_format = "float", dimensions = 4 },
      sent { content = content, outputDimensionality = 4, taskType = "CLUSTERING" })
    local requests = json.array { { content = content, taskType = "CLUSTERING" }, { content = content } }
    local batch = sent({ requests = requests }, { target = GOOGLE.target })
    assert.equal(2, #batch.input)
    assert.equal("CLUSTERING", batch.input_type)
  end)

  it("come back in Google's shape, with the numbers as they were written", function()
    local answer = '{"data":[{"embedding":[0.10000000000000000555,1.0]},{"embedding":[2]}]}'
    local one = face.context("{}", { facts = { method = "embedContent" } })
    assert.equal('{"embedding":{"values":[0.10000000000000000555,1.0]}}', embed.response(one, answer))
    local batch = face.context("{}", { facts = { method = "batchEmbedContents" } })
    assert.equal(2, #json.decode(embed.response(batch, answer)).embeddings)
  end)

  it("of nothing are refused", function()
    local made, failure = sent "{}"
    assert.is_nil(made)
    assert.equal("content", failure.param)
    made = sent { content = { parts = json.array {} } }
    assert.is_nil(made)
  end)
end)

describe("counting for Gemini's clients", function()
  it("reads a request in either form", function()
    local count = face.faces.gemini_count
    local contents = json.array { user { text = "a" } }
    for _, body in ipairs { { contents = contents }, { generateContentRequest = { contents = contents } } } do
      local made = assert(count.request(face.context(body)))
      assert.equal("a", made.messages[1].content)
    end
    assert.equal('{"totalTokens":31}', count.response(face.context "{}", '{"input_tokens":31}'))
  end)
end)

describe("forwarding Gemini's clients", function()
  local function forward(method, target, query)
    local facts = { method = method, query = query, sse = query ~= nil }
    return face.chat.forward(face.context("{}", { facts = facts }), target)
  end

  it("goes to whom speaks it, under the name there", function()
    local target = face.target("gemini", { name = "gemini" }, "gemini-2.5-flash")
    assert.equal("/models/gemini-2.5-flash:streamGenerateContent?alt=sse",
      forward("streamGenerateContent", target, "alt=sse").path)
    target = face.target("vertex_gemini", { name = "vertex-ai" }, "gemini-2.5-flash")
    assert.equal("/publishers/google/models/gemini-2.5-flash:generateContent", forward("generateContent", target).path)
  end)

  it("does not where the words differ", function()
    assert.is_nil(forward("generateContent", face.target()))
    assert.is_nil(forward("streamGenerateContent", face.target("gemini", { name = "gemini" }, "gemini-2.5-flash")))
    local vertex = face.target("vertex_gemini", { name = "vertex-ai" }, "gemini-2.5-flash")
    assert.is_nil(forward("countTokens", vertex))
    assert.is_nil(forward("batchEmbedContents", vertex))
  end)
end)
