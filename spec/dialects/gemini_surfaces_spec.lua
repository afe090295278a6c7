-- SPDX-License-Identifier: Apache-2.0
--- Embeddings, images and counting at Google's own API.

local gemini = require "spec.support.gemini"
local json = require "gateway.json"

local surfaces = gemini.dialect.surfaces

local function call_of(surface, model, body, more)
  local call = {
    surface = surface, model = model, requested_model = model, created = 1767225600, stream = false, headers = {},
    variables = {}, kept = {}, request = json.decode(json.encode(body)),
  }
  for name, value in pairs(more or {}) do call[name] = value end
  return call
end

--- Answers further calls with `texts` in their order, and keeps what was asked.
local function asking(texts)
  local asked = {}
  return function(request)
    asked[#asked + 1] = { path = request.path, body = json.decode(request.body) }
    return { status = 200, headers = {}, text = texts[#asked] }
  end, asked
end

describe("embeddings at Gemini", function()
  local operation = surfaces.embeddings

  local function vectors(from, to)
    local list = json.array {}
    for i = from, to do list[#list + 1] = { values = json.array { i } } end
    return json.encode { embeddings = list }
  end

  it("of more texts than a call takes are asked for in several, and stay in order", function()
    local input = json.array {}
    for i = 1, 205 do input[i] = "t" .. i end
    local ask, asked = asking { vectors(1, 100), vectors(101, 200) }
    local call = call_of("embeddings", "gemini-embedding-001", { input = input }, { ask = ask })
    local last = json.decode(assert(operation.request(call)).body)
    assert.equal(100, #asked[1].body.requests)
    assert.equal("t101", asked[2].body.requests[1].content.parts[1].text)
    assert.equal(5, #last.requests)
    local answer = json.decode(assert(operation.response(call, vectors(201, 205), {})))
    assert.equal(205, #answer.data)
    assert.same({ 205 }, answer.data[205].embedding)
    assert.equal(204, answer.data[205].index)
  end)

  it("end with the failure of a call on the way", function()
    local input = json.array {}
    for i = 1, 101 do input[i] = "t" end
    local call = call_of("embeddings", "m", { input = input }, {
      ask = function() return { status = 429, headers = {}, text = '{"error":{"code":429,"message":"m"}}' } end,
    })
    local made, failure = operation.request(call)
    assert.is_nil(made)
    assert.equal(429, failure.status)
  end)

  it("name the use in Google's words", function()
    for given, expected in pairs {
      search_query = "RETRIEVAL_QUERY", document = "RETRIEVAL_DOCUMENT", FACT_VERIFICATION = "FACT_VERIFICATION",
    } do
      local made = assert(operation.request(call_of("embeddings", "m", { input = "a", input_type = given })))
      assert.equal(expected, json.decode(made.body).requests[1].taskType)
    end
  end)

  it("keep the vendor's numbers, or are packed for whom asks", function()
    local text = '{"embeddings":[{"values":[0.10000000000000000555,1.0]}]}'
    local call = call_of("embeddings", "m", { input = "a" })
    assert(operation.request(call))
    assert.truthy(operation.response(call, text, {}):find("[0.10000000000000000555,1.0]", 1, true))
    call = call_of("embeddings", "m", { input = "a", encoding_format = "base64" })
    assert(operation.request(call))
    assert.equal("zczMPQAAgD8=", json.decode(operation.response(call, text, {})).data[1].embedding)
  end)

  it("of token ids are refused", function()
    local made, failure = operation.request(call_of("embeddings", "m", { input = json.array { 1, 2 } }))
    assert.is_nil(made)
    assert.equal("input", failure.param)
  end)

  it("that are none are an invalid answer", function()
    local call = call_of("embeddings", "m", { input = "a" })
    assert(operation.request(call))
    local text, failure = operation.response(call, "{}", {})
    assert.is_nil(text)
    assert.equal("upstream_invalid_response", failure.code)
  end)
end)

describe("images at Google", function()
  local operation = surfaces.images

  it("of Imagen are predicted, with the nearest ratio", function()
    local call = call_of("images", "imagen-4.0-generate-001", { prompt = "a cat", n = 2, size = "1792x1024" })
    local made = assert(operation.request(call))
    assert.equal("/models/imagen-4.0-generate-001:predict", made.path)
    assert.same({
      instances = { { prompt = "a cat" } }, parameters = { sampleCount = 2, aspectRatio = "16:9" },
    }, json.decode(made.body))
    local text, usage = operation.response(call, '{"predictions":[{"bytesBase64Encoded":"AA==","mimeType":"image/png"},'
      .. '{"raiFilteredReason":"no"}]}', {})
    assert.same({ { b64_json = "AA==" } }, json.decode(text).data)
    assert.equal(1, usage.images)
  end)

  it("that were all filtered are refused with the reason", function()
    local call = call_of("images", "imagen-4", { prompt = "a" })
    assert(operation.request(call))
    local text, failure = operation.response(call, '{"predictions":[{"raiFilteredReason":"no"}]}', {})
    assert.is_nil(text)
    assert.equal("content_filter", failure.code)
    assert.equal("no", failure.message)
  end)

  local function picture(data)
    local answer = gemini.answer { { text = "Here." }, { inlineData = { mimeType = "image/png", data = data } } }
    answer.usageMetadata = { promptTokenCount = 5, candidatesTokenCount = 1290 }
    return json.encode(answer)
  end

  it("of Gemini are asked for one by one, and their tokens added", function()
    local ask, asked = asking { picture "AA==", picture "BB==" }
    local call = call_of("images", "gemini-2.5-flash-image", { prompt = "a", n = 3, size = "3840x2160" }, { ask = ask })
    local body = json.decode(assert(operation.request(call)).body)
    assert.equal(2, #asked)
    assert.same({ "TEXT", "IMAGE" }, body.generationConfig.responseModalities)
    assert.same({ aspectRatio = "16:9", imageSize = "4K" }, body.generationConfig.imageConfig)
    local text, usage = operation.response(call, picture "CC==", {})
    local answer = json.decode(text)
    assert.same({ { b64_json = "AA==" }, { b64_json = "BB==" }, { b64_json = "CC==" } }, answer.data)
    assert.equal(15, answer.usage.input_tokens)
    assert.equal(3870, usage.completion_tokens)
  end)

  it("that Gemini refuses in words are refused in those", function()
    local call = call_of("images", "gemini-2.5-flash-image", { prompt = "a" })
    assert(operation.request(call))
    local _, failure = operation.response(call, json.encode(gemini.answer { { text = "I cannot." } }), {})
    assert.equal("I cannot.", failure.message)
  end)

  it("need a prompt and a number that can be", function()
    for param, body in pairs { prompt = {}, n = { prompt = "a", n = 0 } } do
      local made, failure = operation.request(call_of("images", "imagen-4", body))
      assert.is_nil(made)
      assert.equal(param, failure.param)
    end
  end)
end)

describe("counting at Gemini", function()
  it("asks for the conversation and its tools, not for an answer", function()
    local call = gemini.call({
      messages = json.array { { role = "system", content = "Be brief." }, { role = "user", content = "Hi there" } },
      max_tokens = 5, tools = json.array { gemini.tool("get_time", { type = "object", properties = {} },
        { description = "Server time." }) },
    })
    local made = assert(surfaces.count_tokens.request(call))
    assert.equal("/models/gemini-2.5-flash:countTokens", made.path)
    assert.same({ generateContentRequest = {
      model = "models/gemini-2.5-flash", systemInstruction = { parts = { { text = "Be brief." } } },
      contents = { { role = "user", parts = { { text = "Hi there" } } } },
      tools = { { functionDeclarations = { { name = "get_time", description = "Server time." } } } },
    } }, json.decode(made.body))
    assert.same({ input_tokens = 31 }, json.decode(surfaces.count_tokens.response(call, '{"totalTokens":31}', {})))
    local text, failure = surfaces.count_tokens.response(call, "{}", {})
    assert.is_nil(text)
    assert.equal(502, failure.status)
  end)
end)
