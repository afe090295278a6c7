-- SPDX-License-Identifier: Apache-2.0
--- What is different on Vertex AI.

local json = require "gateway.json"
local spec = require "gateway.spec"

local gemini = spec.script("providers/dialects", "vertex_gemini")
local claude = spec.script("providers/dialects", "vertex_anthropic")
local provider = spec.script("providers", "vertex-ai")

local function call_of(dialect, model, body, more)
  body.messages = body.messages or json.array { { role = "user", content = "Hi" } }
  local call = {
    surface = "chat", model = model, requested_model = model, created = 1767225600, stream = false, headers = {},
    variables = {}, kept = {}, request = json.decode(json.encode(body), { raw = dialect.raw_keys }),
  }
  for name, value in pairs(more or {}) do call[name] = value end
  return call
end

local function sent(dialect, model, body, more)
  local made, failure = dialect.request(call_of(dialect, model, body, more), provider)
  return made and json.decode(made.body), made or failure
end

describe("Google's models on Vertex", function()
  it("get no ids with calls and results", function()
    local body = sent(gemini, "gemini-2.5-flash", { messages = json.array {
      { role = "user", content = "a" },
      { role = "assistant", tool_calls = json.array {
        { id = "x", type = "function", ["function"] = { name = "f", arguments = "{}" } },
      } },
      { role = "tool", tool_call_id = "x", content = "1" },
    } })
    assert.same({ name = "f", args = {} }, body.contents[2].parts[1].functionCall)
    assert.is_nil(body.contents[3].parts[1].functionResponse.id)
  end)

  it("take labels, and name their tier in headers", function()
    local body, made = sent(gemini, "gemini-2.5-flash", { labels = { team = "a" }, service_tier = "flex" })
    assert.same({ team = "a" }, body.labels)
    assert.is_nil(body.serviceTier)
    assert.equal("flex", made.headers["x-vertex-ai-llm-shared-request-type"])
  end)

  it("are billed to the project that the client names", function()
    local _, made = sent(gemini, "gemini-2.5-flash", {}, { headers = { ["x-goog-user-project"] = "p" } })
    assert.equal("p", made.headers["x-goog-user-project"])
  end)

  it("have addresses by their kind", function()
    local function path(model) return select(2, sent(gemini, model, {})).path end
    for _, prefix in ipairs { "", "google/", "models/", "publishers/google/models/" } do
      assert.equal("/publishers/google/models/gemini-2.5-flash:generateContent", path(prefix .. "gemini-2.5-flash"))
    end
    assert.equal("/endpoints/123:generateContent", path "endpoints/123")
    assert.equal("/publishers/google/models/..%2Fx:generateContent", path "../x")
  end)

  it("are counted by the same body", function()
    local made = assert(gemini.surfaces.count_tokens.request(call_of(gemini, "gemini-2.5-flash", {})))
    assert.same({ contents = { { role = "user", parts = { { text = "Hi" } } } } }, json.decode(made.body))
  end)
end)

describe("Claude on Vertex", function()
  local MODEL = "claude-sonnet-4-5@20250929"

  it("has its model in the path, and no first-party members", function()
    local body, made = sent(claude, "anthropic/" .. MODEL, {
      service_tier = "auto", mcp_servers = json.array { { url = "x" } },
    })
    assert.equal("/publishers/anthropic/models/claude-sonnet-4-5@20250929:rawPredict", made.path)
    assert.is_nil(body.model or body.service_tier or body.mcp_servers or body.stream)
    assert.equal("vertex-2023-10-16", body.anthropic_version)
    body = sent(claude, MODEL, {}, { stream = true })
    assert.is_true(body.stream)
  end)

  it("#45 gets those betas that it knows", function()
    local _, made = sent(claude, MODEL, {}, {
      headers = { ["anthropic-beta"] = "context-1m-2025-08-07,files-api-2025-04-14" },
    })
    assert.equal("context-1m-2025-08-07", made.headers["anthropic-beta"])
  end)

  it("has a marker for the whole body on its last block", function()
    local body = sent(claude, MODEL, { cache_control = { type = "ephemeral" } })
    assert.is_nil(body.cache_control)
    assert.same({ type = "ephemeral" }, body.messages[1].content[1].cache_control)
  end)

  it("gets pictures inline, since it fetches none", function()
    local message = { role = "user", content = json.array {
      { type = "image_url", image_url = { url = "https://a.example/b.png" } },
    } }
    local body = sent(claude, MODEL, { messages = json.array { message } }, {
      fetch = function() return "\137PNG\r\n\26\n", "application/octet-stream" end,
    })
    local source = body.messages[1].content[1].source
    assert.same({ type = "base64", media_type = "image/png", data = "iVBORw0KGgo=" }, source)
    local none, failure = sent(claude, MODEL, { messages = json.array { message } }, {
      fetch = function() return nil, { status = 400, message = "gone" } end,
    })
    assert.is_nil(none)
    assert.equal("gone", failure.message)
  end)

  it("is counted at one address for all models", function()
    local call = call_of(claude, MODEL, { max_tokens = 5 })
    local made = assert(claude.surfaces.count_tokens.request(call, provider))
    assert.equal("/publishers/anthropic/models/count-tokens:rawPredict", made.path)
    local body = json.decode(made.body)
    assert.equal(MODEL, body.model)
    assert.is_nil(body.max_tokens)
    assert.equal('{"input_tokens":7}', claude.surfaces.count_tokens.response(call, '{"input_tokens":7}', {}))
  end)
end)

describe("the wires of Vertex", function()
  local wires = spec.module "wires"

  local function chosen(model, surface) return wires.choose(provider, surface or "chat", model) end

  it("are chosen by the model's publisher", function()
    assert.equal("vertex_gemini", chosen "gemini-2.5-flash")
    assert.equal("vertex_gemini", chosen "google/gemini-2.5-flash")
    assert.equal("vertex_gemini", chosen "endpoints/123")
    assert.equal("vertex_anthropic", chosen "claude-opus-4-8@default")
    assert.equal("vertex_anthropic", chosen("claude-opus-4-8@default", "count_tokens"))
    local dialect, path = chosen "meta/llama-3.3-70b-instruct-maas"
    assert.equal("openai_chat", dialect)
    assert.equal("/endpoints/openapi/chat/completions", path)
    assert.equal("vertex_gemini", chosen("text-embedding-005", "embeddings"))
  end)
end)

describe("the address of Vertex", function()
  local endpoint = spec.module "endpoint"

  local function origin(region, more)
    local environment = { VERTEX_AI_PROJECT_ID = "p", VERTEX_AI_REGION = region }
    for name, value in pairs(more or {}) do environment[name] = value end
    local found, missing = endpoint.find(provider, nil, function(name) return environment[name] end)
    return found and found.origin .. found.root, missing
  end

  it("follows its region", function()
    assert.equal("https://a-b1-aiplatform.googleapis.com/v1/projects/p/locations/a-b1", origin "a-b1")
    assert.equal("https://aiplatform.googleapis.com/v1/projects/p/locations/global", origin "global")
    assert.equal("https://aiplatform.us.rep.googleapis.com/v1/projects/p/locations/us", origin "us")
    assert.equal("https://aiplatform.eu.rep.googleapis.com/v1/projects/p/locations/eu", origin "eu")
  end)

  it("says what is missing", function()
    assert.same({ nil, "VERTEX_AI_REGION" }, { origin(nil) })
    assert.same({ nil, "VERTEX_AI_PROJECT_ID" }, { origin("global", { VERTEX_AI_PROJECT_ID = "" }) })
  end)

  it("may be another one, with or without the variables in it", function()
    assert.equal("http://127.0.0.1:1/v1/x", origin(nil, { VERTEX_AI_BASE_URL = "http://127.0.0.1:1/v1/x" }))
    assert.equal("http://127.0.0.1:1/v1/projects/p/locations/r",
      origin("r", { VERTEX_AI_BASE_URL = "http://127.0.0.1:1/" }))
    assert.equal("http://127.0.0.1:1/v1/p/r",
      origin("r", { VERTEX_AI_BASE_URL = "http://127.0.0.1:1/v1/{project}/{region}" }))
  end)
end)
