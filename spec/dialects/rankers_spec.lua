-- SPDX-License-Identifier: Apache-2.0
--- Embeddings, rankings and images of vendors that are asked in forms of their own.

local json = require "gateway.json"
local spec = require "gateway.spec"

--- One operation, asked and answered: what is sent, and what the client reads.
local function through(dialect, provider, surface, request, answer, more)
  local operation = spec.script("providers/dialects", dialect).surfaces[surface]
  local call = { surface = surface, model = "org/m", request = request, kept = {}, created = 7, id = "r" }
  for name, value in pairs(more or {}) do call[name] = value end
  local made, failure = operation.request(call, spec.script("providers", provider))
  if not made then return nil, failure end
  local text, usage = operation.response(call, type(answer) == "table" and json.encode(answer) or answer, {})
  return made, text and json.decode(text) or nil, usage
end

local QUESTION = { query = "q", documents = json.array { "a", { text = "b" }, { title = "t", body = "c" } } }

describe("a ranking", function()
  local function ranked(dialect, provider, answer, more)
    local request = { query = QUESTION.query, documents = QUESTION.documents }
    for name, value in pairs(more or {}) do request[name] = value end
    return through(dialect, provider, "rerank", request, answer)
  end

  local SCORES = json.array { { index = 0, relevance_score = 0.1 }, { index = 2, relevance_score = 0.9 },
    { index = 1, relevance_score = 0.5 } }

  it("is sorted, cut, and has documents where the client wants them", function()
    local made, answer = ranked("cohere_rerank", "together", { id = "x", results = SCORES },
      { top_n = 2, return_documents = true })
    assert.same({ "a", "b", "body: c\ntitle: t" }, json.decode(made.body).documents)
    assert.equal(2, #answer.results)
    assert.equal(2, answer.results[1].index)
    assert.equal("b", answer.results[2].document.text)
    assert.equal("org/m", answer.model)
  end)

  it("by Voyage knows top_n as top_k and its list as data", function()
    local given = { data = SCORES, usage = { total_tokens = 5 } }
    local made, answer, usage = ranked("voyage", "voyage", given, { top_n = 3 })
    assert.equal(3, json.decode(made.body).top_k)
    assert.equal(3, #answer.results)
    assert.equal(5, usage.total_tokens)
  end)

  it("by Jina asks for no documents back", function()
    local made = ranked("jina", "jina", { results = SCORES })
    assert.is_false(json.decode(made.body).return_documents)
  end)

  it("by NVIDIA has scores between 0 and 1", function()
    local made, answer = ranked("nvidia_rerank", "nvidia-nim",
      { rankings = json.array { { index = 0, logit = -2 }, { index = 1, logit = 0 } } })
    assert.same({ text = "q" }, json.decode(made.body).query)
    assert.equal(0.5, answer.results[1].relevance_score)
    assert.is_true(answer.results[2].relevance_score > 0 and answer.results[2].relevance_score < 0.5)
  end)

  it("by DeepInfra is asked at the model's address", function()
    local made, answer = ranked("deepinfra_rerank", "deepinfra", { scores = json.array { 0.1, 0.3, 0.2 } })
    assert.equal("https://api.deepinfra.com/v1/inference/org/m", made.path)
    assert.equal(1, answer.results[1].index)
    local _, none = ranked("deepinfra_rerank", "deepinfra", { scores = json.array { 0.1 } })
    assert.is_nil(none)
  end)

  it("of what is no document, or for no question, is refused", function()
    for param, request in pairs {
      query = { documents = json.array { "a" } }, documents = { query = "q" }, top_n = { top_n = 0.5 },
    } do
      if param == "top_n" then request.query, request.documents = "q", json.array { "a" } end
      local made, failure = through("cohere_rerank", "together", "rerank", request)
      assert.is_nil(made)
      assert.equal(param, failure.param)
    end
  end)

  it("that names a document which is not there is a failure", function()
    local _, answer, failure = ranked("cohere_rerank", "together",
      { results = json.array { { index = 3, relevance_score = 1 } } })
    assert.is_nil(answer)
    assert.equal(502, failure.status)
  end)
end)

describe("embeddings", function()
  local VECTORS = { data = json.array { { index = 1, embedding = json.array { 2 } },
    { index = 0, embedding = json.array { 1 } } }, usage = { total_tokens = 4 } }

  it("by Voyage have dimensions under another name, and one counter", function()
    local made, answer, usage = through("voyage", "voyage", "embeddings",
      { input = json.array { "a", "b" }, dimensions = 8, encoding_format = "float", user = "u" }, VECTORS)
    assert.same({ model = "org/m", input = { "a", "b" }, output_dimension = 8 }, json.decode(made.body))
    assert.equal(1, answer.data[1].embedding[1])
    assert.equal(4, answer.usage.prompt_tokens)
    assert.equal(4, usage.prompt_tokens)
  end)

  it("by Jina take images, and have their form under another name", function()
    local made = through("jina", "jina", "embeddings",
      { input = json.array { { image = "https://a.example" } }, encoding_format = "base64", task = "text-matching" },
      { data = json.array { { index = 0, embedding = "AAAA" } } })
    local body = json.decode(made.body)
    assert.equal("base64", body.embedding_type)
    assert.equal("https://a.example", body.input[1].image)
    assert.equal("text-matching", body.task)
  end)

  it("by Hugging Face are bare vectors, or one a token", function()
    local made, answer = through("huggingface_tasks", "hugging-face", "embeddings", { input = json.array { "a", "b" } },
      "[[1,2],[3,4]]")
    assert.equal("https://router.huggingface.co/hf-inference/models/org/m/pipeline/feature-extraction", made.path)
    assert.same({ "a", "b" }, json.decode(made.body).inputs)
    assert.equal(4, answer.data[2].embedding[2])
    local _, mean = through("huggingface_tasks", "hugging-face", "embeddings", { input = "a" }, "[[[1,2],[3,4]]]")
    assert.same({ 2, 3 }, mean.data[1].embedding)
    local _, none = through("huggingface_tasks", "hugging-face", "embeddings", { input = "a" }, '{"error":"x"}')
    assert.is_nil(none)
  end)

  it("packed for a client are the floats they were", function()
    local base64 = require "gateway.base64"
    local _, answer = through("ollama", "ollama", "embeddings", { input = "a", encoding_format = "base64" },
      { embeddings = json.array { json.array { 0, 1, -2, 0.5, 1e-40, 65504 } } })
    local hex = base64.decode(answer.data[1].embedding):gsub(".", function(c) return ("%02x"):format(c:byte()) end)
    assert.equal("000000000000803f000000c00000003fc216010000e07f47", hex)
  end)
end)

describe("images", function()
  it("by Hugging Face are bytes", function()
    local asked = { prompt = "p", size = "8x4" }
    local made, answer = through("huggingface_tasks", "hugging-face", "images", asked, "\137PNG")
    assert.same({ inputs = "p", parameters = { width = 8, height = 4 } }, json.decode(made.body))
    assert.equal("iVBORw==", answer.data[1].b64_json)
    local refused, failure = through("huggingface_tasks", "hugging-face", "images", { prompt = "p", n = 2 }, "")
    assert.is_nil(refused)
    assert.equal("n", failure.param)
  end)

  it("by SiliconFlow and Hyperbolic have sizes under other names", function()
    local made, answer = through("image_lists", "siliconflow", "images", { prompt = "p", size = "8x4", n = 2 },
      { images = json.array { { url = "https://a" } } })
    assert.same({ model = "org/m", prompt = "p", image_size = "8x4", batch_size = 2 }, json.decode(made.body))
    assert.equal("https://a", answer.data[1].url)
    made, answer = through("image_lists", "hyperbolic", "images", { prompt = "p", size = "8x4", steps = 3 },
      { images = json.array { { image = "AAAA" } } })
    assert.same({ model_name = "org/m", prompt = "p", width = 8, height = 4, steps = 3 }, json.decode(made.body))
    assert.equal("AAAA", answer.data[1].b64_json)
  end)
end)

describe("Mistral", function()
  it("gives a verdict where it only tells categories", function()
    local _, answer = through("mistral", "mistral", "moderations", { input = "a" }, {
      id = "m", results = json.array {
        { categories = { hate = true, law = false } }, { categories = { hate = false } },
      },
    })
    assert.is_true(answer.results[1].flagged)
    assert.is_false(answer.results[2].flagged)
  end)
end)
