-- SPDX-License-Identifier: Apache-2.0
local spec = require "gateway.spec"

local ownership = spec.module "ownership"
local targets = spec.module "targets"

local catalog = { providers = {}, dialects = {} }
for _, name in ipairs(spec.list "providers") do catalog.providers[name] = spec.script("providers", name) end
for _, name in ipairs(spec.list "providers/dialects") do
  catalog.dialects[name] = spec.script("providers/dialects", name)
end

local function build(entries, environment)
  return targets.build(catalog, { targets = entries }, function(name) return (environment or {})[name] end,
    function(path) return path == "/there" and "content" or nil end)
end

--- The one target of a provider in an environment.
local function only(provider, environment, changes)
  local entry = { virtual_key = provider }
  for name, value in pairs(changes or {}) do entry[name] = value end
  local list = assert(build({ entry }, environment))
  return list[1]
end

local function whole(target)
  return target.missing and "missing " .. target.missing or target.origin .. target.path
end

local function names(list)
  local words = {}
  for i, target in ipairs(list) do words[i] = target.name end
  return table.concat(words, " ")
end

-- Roots of gateway-api 9.1, and what they become with the provider's own variables.
local ROOTS = {
  { "azure-openai", { AZURE_OPENAI_API_KEY = "k", AZURE_OPENAI_ENDPOINT = "https://acme.openai.azure.com/",
    AZURE_OPENAI_DEPLOYMENT = "chat" },
    "https://acme.openai.azure.com/openai/deployments/chat/chat/completions?api-version=2024-10-21" },
  { "azure-openai", { AZURE_OPENAI_API_KEY = "k", AZURE_OPENAI_ENDPOINT = "https://acme.openai.azure.com",
    AZURE_OPENAI_DEPLOYMENT = "chat", AZURE_OPENAI_API_VERSION = "2025-04-01-preview" },
    "https://acme.openai.azure.com/openai/deployments/chat/chat/completions?api-version=2025-04-01-preview" },
  { "azure-foundry", { AZURE_FOUNDRY_API_KEY = "k", AZURE_FOUNDRY_ENDPOINT = "https://acme.services.ai.azure.com/" },
    "https://acme.services.ai.azure.com/openai/v1/chat/completions" },
  { "databricks", { DATABRICKS_TOKEN = "k", DATABRICKS_HOST = "acme.cloud.databricks.com" },
    "https://acme.cloud.databricks.com/serving-endpoints/chat/completions" },
  { "databricks", { DATABRICKS_TOKEN = "k", DATABRICKS_HOST = "https://acme.cloud.databricks.com/" },
    "https://acme.cloud.databricks.com/serving-endpoints/chat/completions" },
  { "cloudflare", { CLOUDFLARE_API_KEY = "k", CLOUDFLARE_ACCOUNT_ID = "acme" },
    "https://api.cloudflare.com/client/v4/accounts/acme/ai/v1/chat/completions" },
  { "cloudflare", { CLOUDFLARE_API_KEY = "k", CLOUDFLARE_BASE_URL = "https://llm.example" },
    "https://llm.example/v1/chat/completions" },
  { "azure-openai", { AZURE_OPENAI_API_KEY = "k", AZURE_RESOURCE_NAME = "acme" },
    "https://acme.openai.azure.com/openai/deployments/{model}/chat/completions?api-version=2024-10-21" },
  { "azure-openai-v1",
    { AZURE_OPENAI_API_KEY = "k", AZURE_OPENAI_ENDPOINT = "https://acme.openai.azure.com/openai/v1" },
    "https://acme.openai.azure.com/openai/v1/chat/completions" },
  { "ollama", {}, "http://127.0.0.1:11434/api/chat" },
  { "ollama", { OLLAMA_HOST = "models.lan" }, "http://models.lan:11434/api/chat" },
  { "ollama", { OLLAMA_HOST = "https://models.lan/ollama/" }, "https://models.lan/ollama/api/chat" },
  { "ollama", { OLLAMA_BASE_URL = "http://models.lan/own/v1" }, "http://models.lan/own/api/chat" },
  { "cohere", { COHERE_API_KEY = "k", COHERE_BASE_URL = "http://127.0.0.1:9/v2" }, "http://127.0.0.1:9/v2/chat" },
  { "groq", { GROQ_API_KEY = "k" }, "https://api.groq.com/openai/v1/chat/completions" },
  { "groq", { GROQ_API_KEY = "k", GROQ_BASE_URL = "https://llm.example/" }, "https://llm.example/v1/chat/completions" },
  { "anthropic", { ANTHROPIC_API_KEY = "k", ANTHROPIC_BASE_URL = "https://llm.example" },
    "https://llm.example/v1/messages" },
}

describe("the address of a target", function()
  for _, root in ipairs(ROOTS) do
    it(("of %s is %s"):format(root[1], root[3]), function()
      assert.equal(root[3], whole(only(root[1], root[2])))
    end)
  end

  it("is the target's own where it has one", function()
    local target = only("azure-openai", { AZURE_OPENAI_API_KEY = "k" }, { base_url = "https://llm.example/d/" })
    assert.equal("https://llm.example/d/openai/deployments/{model}/chat/completions?api-version=2024-10-21",
      whole(target))
  end)

  it("names the variable it lacks", function()
    assert.equal("missing AZURE_OPENAI_ENDPOINT", whole(only("azure-openai", { AZURE_OPENAI_API_KEY = "k" })))
    assert.equal("missing CLOUDFLARE_ACCOUNT_ID", whole(only("cloudflare", { CLOUDFLARE_API_KEY = "k" })))
    assert.equal("missing OPENAI_API_KEY", whole(only("openai", {})))
  end)

  it("that is none is told with its variable", function()
    local list, message = build({ { virtual_key = "openai" } },
      { OPENAI_API_KEY = "k", OPENAI_BASE_URL = "https://user:hunter2@llm.example" })
    assert.is_nil(list)
    assert.equal('target "openai": OPENAI_BASE_URL must not hold a user or password', message)
    list, message = build({ { virtual_key = "databricks" } }, { DATABRICKS_TOKEN = "k", DATABRICKS_HOST = "a b" })
    assert.is_nil(list)
    assert.truthy(message:find("DATABRICKS_HOST", 1, true), message)
  end)
end)

describe("what a target waits for", function()
  it("is longer where its provider is known to need it, and only there", function()
    assert.equal(65000, spec.script("providers", "replicate").timeouts.first_byte)
    for _, name in ipairs { "openai", "groq", "together" } do
      assert.is_nil(spec.script("providers", name).timeouts)
    end
  end)
end)

describe("the models of a target", function()
  it("are those of both variables of Replicate, with and without their versions", function()
    local target = only("replicate", {
      REPLICATE_API_TOKEN = "k", REPLICATE_TEXT_MODELS = "meta/llama:abc", REPLICATE_IMAGE_MODELS = "a/b",
    })
    assert.same({ "meta/llama:abc", "a/b" }, target.model_list)
    assert.same({ ["meta/llama"] = "meta/llama:abc" }, target.model_map)
  end)

  local azure = {
    AZURE_OPENAI_API_KEY = "k", AZURE_OPENAI_ENDPOINT = "https://a.example", AZURE_OPENAI_DEPLOYMENT = "gpt-4o",
  }

  it("are those of the configuration and those of the provider's variable", function()
    local target = only("ollama", { FERRO_OLLAMA_MODELS = " qwen3:8b, llama3.2 ,,qwen3:8b" }, { models = { "mine" } })
    assert.same({ "mine", "qwen3:8b", "llama3.2" }, target.model_list)
    assert.equal("a", only("ollama", { OLLAMA_MODELS = "a" }).model_list[1])
    assert.same({}, only("ollama", { OLLAMA_MODELS = "/var/lib/ollama/models" }).model_list)
  end)

  it("are the deployment on Azure, also beside OpenAI", function()
    azure.OPENAI_API_KEY = "k"
    local list = assert(build("auto", azure))
    assert.equal("azure-openai openai", names((ownership.find(list, "gpt-4o"))))
    assert.equal("openai", names((ownership.find(list, "gpt-4"))))
  end)

  it("are the configuration's alone behind an address of one's own", function()
    local target = only("azure-openai", azure, { base_url = "https://b.example" })
    assert.same({}, target.model_list)
  end)
end)

describe("targets: auto", function()
  it("is every provider whose credential is there, in alphabetical order", function()
    assert.equal("anthropic groq openai",
      names(assert(build("auto", { OPENAI_API_KEY = "k", GROQ_API_KEY = "k", ANTHROPIC_AUTH_TOKEN = "k" }))))
  end)

  it("has a provider that needs no credential once its address is there", function()
    assert.equal("ollama", names(assert(build("auto", { OLLAMA_HOST = "127.0.0.1:11434" }))))
    assert.equal("vllm", names(assert(build("auto", { VLLM_BASE_URL = "http://127.0.0.1:8000/v1" }))))
  end)

  it("is the demo where there is none", function()
    assert.equal("demo", names(assert(build("auto", { OPENAI_API_KEY = "", OPENAI_BASE_URL = "https://a.example" }))))
  end)
end)

describe("the credential of a target", function()
  it("may be its own, also for a provider's own address", function()
    assert.is_nil(only("openai", {}, { api_key = "k" }).missing)
  end)

  it("is not needed for a server of one's own", function()
    assert.is_nil(only("openai-compatible", {}, { base_url = "http://127.0.0.1:8000/v1" }).missing)
  end)

  it("may be the content of a file that a variable names", function()
    local vertex = { VERTEX_AI_PROJECT_ID = "p", VERTEX_AI_REGION = "global" }
    assert.is_nil(only("vertex-ai", vertex).missing)
    vertex.GOOGLE_APPLICATION_CREDENTIALS = "/there"
    assert.is_nil(only("vertex-ai", vertex).missing)
    vertex.GOOGLE_APPLICATION_CREDENTIALS = "/nowhere"
    assert.equal("readable file that GOOGLE_APPLICATION_CREDENTIALS names", only("vertex-ai", vertex).missing)
    vertex.VERTEX_AI_API_KEY = "k"
    assert.is_nil(only("vertex-ai", vertex).missing)
  end)
end)

describe("variables of a target's own", function()
  local environment = { AWS_BEARER_TOKEN_BEDROCK = "k", AWS_REGION = "us-east-1" }

  it("stand for the environment's, for this target alone", function()
    local list = assert(build({
      { virtual_key = "bedrock" }, { name = "west", provider = "bedrock", variables = { region = "us-west-2" } },
    }, environment))
    assert.equal("us-east-1 us-west-2", list[1].variables.region .. " " .. list[2].variables.region)
    assert.truthy(list[2].origin:find("us-west-2", 1, true))
  end)

  it("that the provider does not know are named, with those it knows", function()
    local list, message = build({ { virtual_key = "bedrock", variables = { regio = "us-west-2" } } }, environment)
    assert.is_nil(list)
    assert.truthy(message:find('target "bedrock": variables.regio: provider "bedrock" has only access_key', 1, true))
    assert.truthy(message:find("region", 1, true))
  end)
end)
