-- SPDX-License-Identifier: Apache-2.0
--- The providers that speak OpenAI's format, held against what is known of them (spec/fixtures/providers.json: a
--- reference of November 2026). Where a file says something else, the reason stands here.

local json = require "gateway.json"
local spec = require "gateway.spec"

local facts = assert(json.decode(spec.fixture "providers.json"))

-- Fields that differ on purpose, and why.
local PATH_PER_SURFACE = "the root is the resource: paths begin with /openai"
local LOOPBACK = "localhost may mean ::1 first; the address does not"
local COMPATIBLE = "as users of the compatible gateway know it"
local OWN_FORMAT = "its own format is spoken, which OpenAI's rules do not concern"
local SHARED_KEY = "the variable is another provider's too"
local DIFFERENT = {
  openai = {
    prefixes = "wider: models of later years", rename = "only for the models that refuse max_tokens",
    drop_when = "image models: on the surface of images",
  },
  ["azure-openai"] = { base = PATH_PER_SURFACE, paths = PATH_PER_SURFACE },
  ["azure-foundry"] = {
    base = PATH_PER_SURFACE, paths = PATH_PER_SURFACE, key = "a key for Claude alone serves, too",
  },
  groq = { prefixes = "groq/ is the provider's own address", any = COMPATIBLE },
  deepseek = { base = COMPATIBLE, paths = "the beta address is another one" },
  perplexity = { any = COMPATIBLE },
  fireworks = { any = COMPATIBLE, variables = "FIREWORKS_ACCOUNT_ID is for listing an account's models" },
  xai = { prefixes = "wider: grok and xai" },
  qwen = { any = COMPATIBLE },
  moonshot = { any = COMPATIBLE },
  cloudflare = { any = COMPATIBLE },
  databricks = { base = "DATABRICKS_HOST may have its scheme" },
  ollama = {
    base = OWN_FORMAT, paths = OWN_FORMAT, drop = OWN_FORMAT, rename = OWN_FORMAT, accepts = OWN_FORMAT,
    usage = OWN_FORMAT, reasoning = OWN_FORMAT,
  },
  ["ollama-cloud"] = { paths = "embeddings go by its own API" },
  vllm = { base = LOOPBACK },
  ["lm-studio"] = { base = LOOPBACK },
  ["llama-cpp"] = { base = LOOPBACK },
  tgi = { base = LOOPBACK },
  sglang = { base = LOOPBACK },
  zai = { key = SHARED_KEY },
  ai21 = { drop = OWN_FORMAT, rename = OWN_FORMAT, any = COMPATIBLE, usage = OWN_FORMAT },
}

local function sorted(list)
  local copy = {}
  for i, item in ipairs(list or {}) do copy[i] = item end
  table.sort(copy)
  return copy
end

local function set(list)
  local found = {}
  for _, item in ipairs(list or {}) do found[item] = true end
  return found
end

--- "messages[].name (except role tool)" is messages[].name; an exception is in `history.names`.
local function plain(names)
  local list = {}
  for _, name in ipairs(names or {}) do
    if not name:find " on models without it" then list[#list + 1] = (name:gsub(" %(.*$", "")) end
  end
  return sorted(list)
end

local function variables_of(provider)
  local found = set(provider.env and provider.env.base)
  for _, names in pairs(provider.env and provider.env.vars or {}) do
    for _, name in ipairs(names) do found[name] = true end
  end
  return found
end

local function rules(list)
  local made = {}
  for i, rule in ipairs(list or {}) do
    made[i] = table.concat(sorted(rule.model_prefix or rule.prefixes), " ") .. "|"
      .. table.concat(sorted(rule.model_contains or rule.contains), " ") .. "|"
      .. (rule.endpoint or rule.surface or "") .. "|" .. table.concat(sorted(rule.params or rule.drop), " ")
  end
  return made
end

--- What the file says, in the words of the facts.
local CHECKS = {
  base = function(fact, provider) assert.equal(fact.base, provider.base) end,
  key = function(fact, provider) assert.same(sorted(fact.key), sorted(provider.env.key)) end,
  status = function(fact, provider) assert.equal(fact.status, provider.status or "active") end,
  paths = function(fact, provider)
    for surface, path in pairs(fact.paths) do
      assert.equal(path, provider.paths[surface], surface)
    end
  end,
  usage = function(fact, provider) assert.equal(fact.usage, provider.stream.usage) end,
  drop = function(fact, provider)
    assert.same(plain(fact.drop), sorted(provider.params and provider.params.drop))
  end,
  drop_when = function(fact, provider)
    local held = set(rules(provider.params and provider.params.when))
    for _, rule in ipairs(rules(fact.drop_when)) do assert.is_true(held[rule], rule) end
  end,
  rename = function(fact, provider)
    assert.same(fact.rename or {}, provider.params and provider.params.rename or {})
  end,
  accepts = function(fact, provider)
    local accepts = provider.params and provider.params.accepts
    if accepts ~= "all" then assert.same(sorted(fact.accepts), sorted(accepts)) end
  end,
  prefixes = function(fact, provider) assert.same(sorted(fact.prefixes), sorted(provider.models.prefixes)) end,
  ids = function(fact, provider)
    local held = set(provider.models.ids)
    for _, id in ipairs(fact.ids or {}) do assert.is_true(held[id], id) end
  end,
  any = function(fact, provider) assert.equal(fact.any == true, provider.models.any == true) end,
  variables = function(fact, provider)
    local held = variables_of(provider)
    for _, name in ipairs(fact.variables or {}) do assert.is_true(held[name], name) end
  end,
  reasoning = function(fact, provider)
    if fact.reasoning then assert.equal(fact.reasoning, provider.reasoning) end
  end,
  send_back = function(fact, provider)
    if fact.send_back then assert.truthy(provider.history and provider.history.reasoning) end
  end,
}

--- Marks are comments, so the file itself is read.
local function is_marked(name)
  return spec.fixture(("../../lua/providers/%s.lua"):format(name)):find("nverified", 1, true) ~= nil
end

local names = {}
for name in pairs(facts) do names[#names + 1] = name end
table.sort(names)

describe("what is known of the providers", function()
  it("is of 81", function() assert.equal(81, #names) end)

  for _, name in ipairs(names) do
    it("is in the file of " .. name, function()
      local provider = spec.script("providers", name)
      for field, check in pairs(CHECKS) do
        if not (DIFFERENT[name] or {})[field] then check(facts[name], provider) end
      end
    end)
  end
end)

describe("a fact that nobody has verified", function()
  for _, name in ipairs(names) do
    if facts[name].unverified then
      it("is marked in the file of " .. name, function() assert.is_true(is_marked(name)) end)
    end
  end
end)
