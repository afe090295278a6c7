-- SPDX-License-Identifier: Apache-2.0
--- Clients of Gemini's API in front of others: what of their requests is kept.

local face = require "spec.support.gemini_face"
local json = require "gateway.json"

local GOOGLE = { target = face.target("gemini", { name = "gemini" }, "gemini-2.5-flash") }

local function user(...) return { role = "user", parts = json.array { ... } } end
local function model(...) return { role = "model", parts = json.array { ... } } end

describe("the address of Gemini's clients", function()
  local function read(path, query, headers)
    return face.chat.read(face.at(path, query or "", headers))
  end

  it("names model and method; the model may have slashes, colons and escapes", function()
    local found = read "/v1beta/models/openrouter/x/y:free:generateContent"
    assert.equal("openrouter/x/y:free", found.model)
    assert.equal("generateContent", found.facts.method)
    assert.is_false(found.stream)
    assert.equal("a b/c", read("/v1beta/models/a%20b%2Fc:generateContent").model)
    assert.equal("gemini-x", read("/v1beta/models/models/gemini-x:generateContent").model)
    assert.equal("gemini-x", read("/v1/models/gemini-x:generateContent").model)
  end)

  it("says how the stream is wanted", function()
    local found = read("/v1beta/models/m:streamGenerateContent", "alt=sse")
    assert.is_true(found.stream)
    assert.is_true(found.facts.sse)
    assert.is_false(read("/v1beta/models/m:streamGenerateContent").facts.sse)
  end)

  it("says who bears pings: not Google's first SDK", function()
    local path = "/v1beta/models/m:streamGenerateContent"
    assert.is_true(read(path, "alt=sse", { ["x-goog-api-client"] = "google-genai-sdk/2.32.0 gl-node/v20" }).facts.pings)
    assert.is_false(read(path, "alt=sse", { ["x-goog-api-client"] = "gl-node/1 genai-js/0.24.1" }).facts.pings)
  end)

  it("loses the gateway's key", function()
    assert.equal("alt=sse", read("/v1beta/models/m:streamGenerateContent", "key=secret&alt=sse").facts.query)
    assert.is_nil(read("/v1beta/models/m:generateContent", "key=secret").facts.query)
  end)

  it("that names nothing is refused", function()
    for _, path in ipairs { "/v1beta/models/m", "/v1beta/models/:generateContent", "/v1beta/models/m:unknown" } do
      local found, failure = read(path)
      assert.is_nil(found)
      assert.equal(400, failure.status)
    end
  end)
end)

describe("the contents of Gemini's clients", function()
  it("may be spelt with snakes", function()
    local body = face.sent {
      system_instruction = { parts = json.array { { text = "a" }, { text = "b" } } },
      contents = json.array { user({ inline_data = { mime_type = "image/png", data = "AA==" } }) },
      generation_config = { max_output_tokens = 5 },
    }
    assert.same({ role = "system", content = "a\nb" }, body.messages[1])
    assert.equal("data:image/png;base64,AA==", body.messages[2].content[1].image_url.url)
  end)

  it("have audio and files by their type", function()
    local content = face.messages({ user({ inlineData = { mimeType = "audio/mpeg", data = "AA==" } },
      { inlineData = { mimeType = "application/pdf", data = "BB==" } }, { text = "x" }) })[1].content
    assert.same({ data = "AA==", format = "mp3" }, content[1].input_audio)
    assert.equal("data:application/pdf;base64,BB==", content[2].file.file_data)
    assert.equal("file.pdf", content[2].file.filename)
  end)

  it("have files by their address where that can be said", function()
    local file = { fileData = { fileUri = "https://a.example/b", mimeType = "image/png" } }
    assert.equal("https://a.example/b", face.messages({ user(file) })[1].content[1].image_url.url)
    local pdf = { fileData = { fileUri = "gs://a/b.pdf", mimeType = "application/pdf" } }
    local none, failure = face.messages({ user(pdf) })
    assert.is_nil(none)
    assert.equal(400, failure.status)
    assert.equal("gs://a/b.pdf", face.messages({ user(pdf) }, GOOGLE)[1].content[1].file.file_id)
  end)

  it("without any are refused", function()
    local none, failure = face.chat.request(face.context "{}")
    assert.is_nil(none)
    assert.equal("contents", failure.param)
  end)

  it("answer calls of one name in their order, and an id wins over it", function()
    local list = face.messages {
      user { text = "a" },
      model({ functionCall = { name = "f" } }, { functionCall = { name = "f" } },
        { functionCall = { id = "x", name = "g" } }),
      user({ functionResponse = { id = "x", name = "g", response = { a = 1 } } },
        { functionResponse = { name = "f", response = { b = 1 } } }, { functionResponse = { name = "f" } }),
    }
    local calls = list[2].tool_calls
    assert.not_equal(calls[1].id, calls[2].id)
    assert.equal("x", list[3].tool_call_id)
    assert.equal(calls[1].id, list[4].tool_call_id)
    assert.equal(calls[2].id, list[5].tool_call_id)
    assert.equal("{}", list[5].content)
  end)

  it("get the same ids for the same history, so that a vendor's prompt cache survives", function()
    local function ids()
      return face.messages({ model { functionCall = { name = "f" } } })[1].tool_calls[1].id
    end
    assert.equal(ids(), ids())
    assert.truthy(ids():find "^call_%w+$")
  end)

  it("with a result of no call are refused", function()
    local none, failure = face.messages { user { functionResponse = { name = "f", response = {} } } }
    assert.is_nil(none)
    assert.truthy(failure.message:find("f", 1, true))
  end)

  it("have results before text of the same content", function()
    local list = face.messages {
      model { functionCall = { name = "f" } },
      user({ text = "a" }, { functionResponse = { name = "f", response = {} } }),
    }
    assert.equal("tool", list[2].role)
    assert.same({ role = "user", content = "a" }, list[3])
  end)

  it("keep the spelling of arguments", function()
    local call = '{"functionCall":{"name":"f","args":{"z": 1.0, "a": "x  y"}}}'
    local made = face.chat.request(face.context('{"contents":[{"role":"model","parts":[' .. call .. "]}]}"))
    assert.equal('{"z":1.0,"a":"x  y"}', made.messages[1].tool_calls[1]["function"].arguments)
  end)

  it("keep signatures for Google alone", function()
    local contents = { user { text = "a" }, model({ functionCall = { name = "f" }, thoughtSignature = "SIG" }) }
    assert.is_nil(face.messages(contents)[2].tool_calls[1].extra_content)
    local call = face.messages(contents, GOOGLE)[2].tool_calls[1]
    assert.same({ google = { thought_signature = "SIG" } }, call.extra_content)
  end)
end)

describe("the tools of Gemini's clients", function()
  local function parameters(schema, key)
    local declaration = { name = "f", [key or "parameters"] = schema }
    local body = face.sent { tools = json.array { { functionDeclarations = json.array { declaration } } } }
    return body.tools[1]["function"].parameters
  end

  it("have their schemas as JSON Schema", function()
    assert.same({
      type = "object", properties = {
        a = { type = { "string", "null" }, enum = { "x", json.null }, maxLength = 5 },
        b = { type = "array", items = { type = "number" }, minItems = 1 },
        c = { anyOf = { { type = "string" }, { type = "integer" }, { type = "null" } } },
      }, required = { "a" },
    }, parameters {
      type = "OBJECT", properties = {
        a = { type = "STRING", nullable = true, format = "enum", enum = json.array { "x" }, maxLength = "5" },
        b = { type = "ARRAY", items = { type = "NUMBER" }, min_items = 1 },
        c = { anyOf = json.array { { type = "STRING" }, { type = "INTEGER" } }, nullable = true },
      }, required = json.array { "a" }, propertyOrdering = json.array { "a", "b", "c" },
    })
  end)

  it("do not take a property called type or nullable for a word of the schema", function()
    local made = parameters {
      type = "OBJECT", properties = { type = { type = "STRING" }, nullable = { type = "BOOLEAN" } },
    }
    assert.same({ type = { type = "string" }, nullable = { type = "boolean" } }, made.properties)
  end)

  it("have JSON Schema as it is", function()
    local schema = {
      type = "object", properties = { a = { ["$ref"] = "#/$defs/x" } }, ["$defs"] = { x = { type = "string" } },
    }
    assert.same(schema, parameters(schema, "parametersJsonSchema"))
  end)

  it("of Google's own are named as dropped, or kept for Google", function()
    local body, context = face.sent { tools = json.array { { googleSearch = {} } } }
    assert.is_nil(body.tools)
    assert.same({ "tools.googleSearch" }, context.dropped)
    assert.same({ { googleSearch = {} } }, face.sent({ tools = json.array { { googleSearch = {} } } }, GOOGLE).tools)
  end)

  it("are chosen in OpenAI's words", function()
    local function choice(mode, names)
      return face.sent({
        tools = json.array { { functionDeclarations = json.array { { name = "a" }, { name = "b" } } } },
        toolConfig = { functionCallingConfig = { mode = mode, allowedFunctionNames = names and json.array(names) } },
      }).tool_choice
    end
    assert.equal("auto", choice "AUTO")
    assert.equal("auto", choice "VALIDATED")
    assert.equal("none", choice "NONE")
    assert.equal("required", choice "ANY")
    assert.same({ type = "function", ["function"] = { name = "a" } }, choice("ANY", { "a" }))
    local several = choice("ANY", { "a", "b" })
    assert.equal("required", several.allowed_tools.mode)
    assert.equal(2, #several.allowed_tools.tools)
  end)
end)

describe("the configuration of Gemini's clients", function()
  local function body_of(config, more)
    return face.sent({ generationConfig = config }, more)
  end

  it("has OpenAI's names", function()
    local body = body_of {
      maxOutputTokens = 5, temperature = 0, topP = 0.5, candidateCount = 2, seed = 1, presencePenalty = 1,
      frequencyPenalty = 1, stopSequences = json.array { "a" }, responseLogprobs = true, logprobs = 3,
    }
    assert.equal(5, body.max_completion_tokens)
    assert.equal(0, body.temperature)
    assert.equal(2, body.n)
    assert.same({ "a" }, body.stop)
    assert.is_true(body.logprobs)
    assert.equal(3, body.top_logprobs)
  end)

  it("asks for JSON, by either kind of schema", function()
    local function format(more)
      more.responseMimeType = "application/json"
      return body_of(more).response_format
    end
    assert.same({ type = "json_object" }, format {})
    assert.same({ type = "string" }, format({ responseSchema = { type = "STRING" } }).json_schema.schema)
    assert.same({ type = "string" }, format({ responseJsonSchema = { type = "string" } }).json_schema.schema)
    assert.is_nil(body_of({ responseMimeType = "text/plain" }).response_format)
  end)

  it("has thinking as an effort, for models that know one", function()
    local more = { target = face.target("openai_chat", { name = "openai" }, "gpt-5.2") }
    local function effort(config) return body_of({ thinkingConfig = config }, more).reasoning_effort end
    assert.equal("high", effort { thinkingLevel = "HIGH" })
    assert.equal("low", effort { thinkingBudget = 1024 })
    assert.equal("medium", effort { thinkingBudget = 8192 })
    assert.equal("high", effort { thinkingBudget = 24576 })
    assert.equal("none", effort { thinkingBudget = 0 })
    assert.is_nil(effort { thinkingBudget = -1 })
    assert.is_nil(body_of({ thinkingConfig = { thinkingLevel = "high" } }).reasoning_effort)
  end)

  it("leaves out what only Google reads, unless it is Google", function()
    local request = {
      safetySettings = json.array { { category = "c", threshold = "t" } }, cachedContent = "x", labels = { a = "b" },
      generationConfig = { topK = 5, mediaResolution = "LOW" },
    }
    local body = face.sent(request)
    assert.is_nil(body.safety_settings or body.cached_content or body.labels or body.top_k or body.media_resolution)
    body = face.sent(request, GOOGLE)
    assert.equal("x", body.cached_content)
    assert.equal(5, body.top_k)
    assert.equal("LOW", body.media_resolution)
  end)

  it("asks for a stream with its counters", function()
    local body = face.sent({}, { stream = true })
    assert.is_true(body.stream)
    assert.is_true(body.stream_options.include_usage)
    assert.is_nil(face.sent({}).stream)
  end)
end)
