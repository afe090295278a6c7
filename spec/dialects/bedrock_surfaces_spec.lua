-- SPDX-License-Identifier: Apache-2.0
--- Embeddings, images, rerank and counting on Bedrock, model by model.

local bedrock = require "spec.support.bedrock"
local json = require "gateway.json"
local transcripts = require "spec.support.transcripts"

local surfaces = bedrock.dialect.surfaces

local function call_of(surface, model, request, more)
  return bedrock.call(json.encode(request), model, { surface = surface, ask = more and more.ask, variables = {
    region = more and more.region or "us-east-1",
  }, given = more and more.given })
end

--- What is sent for a request; `replies` answer the earlier calls.
local function asked(surface, model, request, more)
  local ask, before = transcripts.asking(more and more.replies or {})
  local call = call_of(surface, model, request, {
    ask = ask, region = more and more.region, given = more and more.given,
  })
  local made, failure = surfaces[surface].request(call, bedrock.provider)
  if not made then return nil, failure, before end
  local bodies = {}
  for i, one in ipairs(before) do bodies[i] = json.decode(one.body) end
  bodies[#bodies + 1] = json.decode(made.body)
  return bodies, call, made
end

local function answered(surface, call, body, headers)
  local text, more, kind = surfaces[surface].response(call, json.encode(body), headers or {})
  return text and json.decode(text), more, kind
end

describe("embeddings of", function()
  local embed = function(model, request, more) return asked("embeddings", model, request, more) end

  it("Titan 1 have one length", function()
    assert.are.same({ { inputText = "a" } }, (embed("amazon.titan-embed-text-v1", { input = "a" })))
    local _, failure = embed("amazon.titan-embed-text-v1", { input = "a", dimensions = 256 })
    assert.equal("dimensions", failure.param)
  end)

  it("Titan 2 may be shorter, or not of length one", function()
    assert.are.same({ { inputText = "a", dimensions = 256, normalize = false } },
      (embed("amazon.titan-embed-text-v2:0", { input = "a", dimensions = 256, normalize = false })))
  end)

  it("Titan's image model are of texts", function()
    assert.are.same({ { inputText = "a", embeddingConfig = { outputEmbeddingLength = 384 } } },
      (embed("amazon.titan-embed-image-v1", { input = "a", dimensions = 384 })))
  end)

  it("Nova are of one text a call", function()
    local first = { embeddings = { { embeddingType = "TEXT", embedding = { 1 } } } }
    local reply = { status = 200, headers = {}, body = first }
    local bodies, call = embed("amazon.nova-2-multimodal-embeddings-v1:0",
      { input = json.array { "a", "b" }, dimensions = 256 }, { replies = { reply } })
    assert.are.same({ taskType = "SINGLE_EMBEDDING", singleEmbeddingParams = {
      embeddingPurpose = "GENERIC_INDEX", embeddingDimension = 256, text = { truncationMode = "END", value = "b" },
    } }, bodies[2])
    local answer = answered("embeddings", call, { embeddings = { { embedding = { 2 } } } },
      { ["x-amzn-bedrock-input-token-count"] = "3" })
    assert.are.same({ { 1 }, { 2 } }, { answer.data[1].embedding, answer.data[2].embedding })
    assert.equal(3, answer.usage.prompt_tokens)
  end)

  it("#42 Cohere's are asked for in batches, with what the client says of them", function()
    local texts, vectors = json.array {}, json.array {}
    for i = 1, 100 do texts[i], vectors[i] = "t" .. i, json.array { i } end
    local first = json.array {}
    for i = 1, 96 do first[i] = vectors[i] end
    local counted = { ["X-Amzn-Bedrock-Input-Token-Count"] = "96" }
    local reply = { status = 200, headers = counted, body = { embeddings = first } }
    local bodies, call = embed("cohere.embed-v4:0",
      { input = texts, dimensions = 512, input_type = "search_query", truncate = "END" }, { replies = { reply } })
    assert.are.same({ 96, 4 }, { #bodies[1].texts, #bodies[2].texts })
    local last = bodies[2]
    assert.are.same({ "search_query", "END", 512 }, { last.input_type, last.truncate, last.output_dimension })
    local rest = json.array { vectors[97], vectors[98], vectors[99], vectors[100] }
    local answer, counts = answered("embeddings", call, { embeddings = { float = rest } },
      { ["x-amzn-bedrock-input-token-count"] = "4" })
    assert.are.same({ 100, 100, 100 }, { #answer.data, answer.usage.prompt_tokens, counts.prompt_tokens })
    assert.are.same({ 99, { 100 } }, { answer.data[100].index, answer.data[100].embedding })
  end)

  it("any model are base64 when the client's SDK asks for it", function()
    local _, call = embed("amazon.titan-embed-text-v2:0", { input = "a", encoding_format = "base64" })
    local answer = answered("embeddings", call, { embedding = { 1, -2.5 }, inputTextTokenCount = 1 })
    assert.equal("AACAPwAAIMA=", answer.data[1].embedding)
  end)

  it("any model keep the spelling of their numbers", function()
    local _, call = embed("amazon.titan-embed-text-v2:0", { input = "a" })
    local text = surfaces.embeddings.response(call, '{"embedding":[1.0,0.10,-1e-07],"inputTextTokenCount":2}', {})
    assert.is_truthy(text:find("[1.0,0.10,-1e-07]", 1, true))
  end)

  it("token ids, of nothing, of a model that makes none are refused", function()
    for param, request in pairs {
      input = { input = json.array { 1, 2 } }, model = { input = "a" },
    } do
      local _, failure = embed(param == "model" and bedrock.CLAUDE or "amazon.titan-embed-text-v2:0", request)
      assert.equal(param, failure.param)
    end
    assert.equal("input", select(2, embed("cohere.embed-english-v3", { input = json.array {} })).param)
  end)

  it("a text that fails fail the request, and those that lack are no answer", function()
    local kind = { ["x-amzn-errortype"] = "ThrottlingException" }
    local replies = { { status = 429, headers = kind, body = { message = "Slow." } } }
    local _, failure = embed("amazon.titan-embed-text-v2:0", { input = json.array { "a", "b" } }, { replies = replies })
    assert.are.same({ 429, "Slow." }, { failure.status, failure.message })
    local _, call = embed("cohere.embed-english-v3", { input = json.array { "a", "b" } })
    local nothing, short = answered("embeddings", call, { embeddings = { { 1 } } })
    assert.is_nil(nothing)
    assert.equal("upstream_invalid_response", short.code)
  end)

  it("an earlier call that cannot be made fail as that says", function()
    local lost = { status = 502, code = "upstream_refused", type = "upstream_error", message = "no" }
    local call = call_of("embeddings", "amazon.titan-embed-text-v2:0", { input = json.array { "a", "b" } },
      { ask = function() return nil, lost end })
    assert.equal(lost, select(2, surfaces.embeddings.request(call, bedrock.provider)))
  end)
end)

describe("images of", function()
  local draw = function(model, request, more) return asked("images", model, request, more) end

  it("Amazon's models are made in one call", function()
    local bodies, call, made = draw("amazon.nova-canvas-v1:0", {
      prompt = "a cat", n = 2, size = "512x768", quality = "hd", seed = 7, negative_prompt = "dogs",
    })
    assert.are.same({ {
      taskType = "TEXT_IMAGE", textToImageParams = { text = "a cat", negativeText = "dogs" },
      imageGenerationConfig = { numberOfImages = 2, width = 512, height = 768, quality = "premium", seed = 7 },
    } }, bodies)
    assert.equal("/model/amazon.nova-canvas-v1%3A0/invoke", made.path)
    local answer, counts = answered("images", call, { images = { "AA", "BB" } })
    assert.are.same({ { b64_json = "AA" }, { b64_json = "BB" } }, answer.data)
    assert.equal(1767225600, answer.created)
    assert.equal(2, counts.images)
  end)

  it("Amazon's models are square unless told", function()
    local bodies = draw("amazon.titan-image-generator-v2:0", { prompt = "a" })
    assert.are.same({ numberOfImages = 1, width = 1024, height = 1024 }, bodies[1].imageGenerationConfig)
  end)

  it("Stability's models are made one a call, of the nearest ratio", function()
    local reply = { status = 200, headers = {}, body = { images = { "AA" }, finish_reasons = { json.null } } }
    local bodies, call = draw("stability.sd3-5-large-v1:0", { prompt = "a", n = 2, size = "1792x1024", seed = 1 },
      { replies = { reply } })
    assert.are.same({ prompt = "a", aspect_ratio = "16:9", seed = 1 }, bodies[2])
    local answer = answered("images", call, { images = { "BB" }, finish_reasons = { json.null } })
    assert.are.same({ { b64_json = "AA" }, { b64_json = "BB" } }, answer.data)
  end)

  it("the older Stable Diffusion are artifacts", function()
    local bodies, call = draw("stability.stable-diffusion-xl-v1", { prompt = "a", size = "1024x1024" })
    assert.are.same({ { text = "a" } }, bodies[1].text_prompts)
    local answer = answered("images", call, { artifacts = { { base64 = "AA", finishReason = "SUCCESS" } } })
    assert.equal("AA", answer.data[1].b64_json)
  end)

  it("what the vendor filters are a refusal", function()
    for model, body in pairs {
      ["stability.stable-image-core-v1:1"] = { images = { "AA" }, finish_reasons = { "Filter reason: prompt" } },
      ["amazon.nova-canvas-v1:0"] = { images = {}, error = "Content filtered." },
      ["stability.stable-diffusion-xl-v1"] = { artifacts = { { base64 = "A", finishReason = "CONTENT_FILTERED" } } },
    } do
      local _, call = draw(model, { prompt = "a" })
      local answer, failure = answered("images", call, body)
      assert.is_nil(answer)
      assert.are.same({ 400, "content_filter" }, { failure.status, failure.code }, model)
    end
    local _, call = draw("amazon.nova-canvas-v1:0", { prompt = "a" })
    assert.equal("upstream_invalid_response", select(2, answered("images", call, {})).code)
  end)

  it("requests that lack something, or want a URL, are refused", function()
    for param, request in pairs {
      prompt = { prompt = " " }, n = { prompt = "a", n = 0 }, size = { prompt = "a", size = "large" },
      response_format = { prompt = "a", response_format = "url" },
    } do
      local _, failure = draw("amazon.nova-canvas-v1:0", request)
      assert.equal(param, failure.param)
    end
    assert.equal("model", select(2, draw(bedrock.CLAUDE, { prompt = "a" })).param)
  end)
end)

describe("rerank", function()
  local request = { query = "q", documents = json.array { "a", "b", "c" }, top_n = 2, return_documents = true }

  it("names the model by its ARN in the region's partition", function()
    local function arn(model, region)
      local bodies = asked("rerank", model, request, { region = region })
      return bodies[1].rerankingConfiguration.bedrockRerankingConfiguration.modelConfiguration.modelArn
    end
    assert.equal("arn:aws-cn:bedrock:cn-north-1::foundation-model/amazon.rerank-v1:0",
      arn("amazon.rerank-v1:0", "cn-north-1"))
    assert.equal("arn:aws-us-gov:bedrock:us-gov-west-1::foundation-model/x.y", arn("x.y", "us-gov-west-1"))
    assert.equal("arn:aws:bedrock:us-east-1::foundation-model/x", arn("arn:aws:bedrock:us-east-1::foundation-model/x"))
  end)

  it("stays behind the operator's address", function()
    local _, _, made = asked("rerank", "amazon.rerank-v1:0", request, { given = true })
    assert.equal("/rerank", made.path)
    assert.is_nil(made.url)
  end)

  it("gives the best first, with the documents where they are wanted", function()
    local _, call = asked("rerank", "amazon.rerank-v1:0", request)
    local answer, counts = answered("rerank", call, { results = {
      { index = 2, relevanceScore = 0.1 }, { index = 0, relevanceScore = 0.9 }, { index = 1, relevanceScore = 0.5 },
    } })
    assert.are.same({
      { index = 0, relevance_score = 0.9, document = { text = "a" } },
      { index = 1, relevance_score = 0.5, document = { text = "b" } },
    }, answer.results)
    assert.equal(1, counts.search_units)
    assert.equal("upstream_invalid_response", select(2, answered("rerank", call, {})).code)
    assert.equal("upstream_invalid_response",
      select(2, answered("rerank", call, { results = { { index = 9, relevanceScore = 1 } } })).code)
  end)
end)

describe("count_tokens", function()
  it("#41 asks for the model behind a prefix or a profile's ARN", function()
    local function path(model) return select(3, asked("count_tokens", model, { messages = json.array {
      { role = "user", content = "a" } } })).path end
    local plain = "/model/anthropic.claude-sonnet-4-5-20250929-v1%3A0/count-tokens"
    for _, prefix in ipairs { "", "us.", "eu.", "apac.", "jp.", "au.", "us-gov.", "global." } do
      assert.equal(plain, path(prefix .. "anthropic.claude-sonnet-4-5-20250929-v1:0"))
    end
    assert.equal(plain, path("arn:aws:bedrock:us-east-1:1:inference-profile/" .. bedrock.CLAUDE))
  end)

  it("leaves out what is not counted, and fails without a count", function()
    local bodies, call = asked("count_tokens", bedrock.CLAUDE, {
      messages = json.array { { role = "user", content = "a" } }, max_tokens = 7, metadata = { a = "b" },
    })
    assert.are.same({ messages = { { role = "user", content = { { text = "a" } } } } }, bodies[1].input.converse)
    assert.equal("upstream_invalid_response", select(2, answered("count_tokens", call, {})).code)
  end)
end)
