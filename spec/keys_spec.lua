-- SPDX-License-Identifier: Apache-2.0
--- Where a target's credentials come from.

local spec = require "gateway.spec"

local keys = spec.module "keys"
local targets = spec.module "targets"

local function provider(name) return spec.script("providers", name) end

--- The secrets a target has, in their order; or what is missing, or wrong.
local function found(name, environment, entry)
  local list, missing, message = keys.find(provider(name), entry or {}, function(variable)
    return environment[variable]
  end, function(path) return path == "/there" and "content" or nil end)
  if not list then return missing or message end
  local secrets = {}
  for i, credential in ipairs(list) do secrets[i] = credential.secret or "none" end
  return table.concat(secrets, " ")
end

describe("the credentials of a target", function()
  it("are the one of the environment", function()
    assert.equal("one", found("openai", { OPENAI_API_KEY = "one" }))
    assert.equal("OPENAI_API_KEY", found("openai", {}))
  end)

  it("are several of the environment", function()
    assert.equal("one two", found("openai", { OPENAI_API_KEYS = "one,two" }))
    assert.equal("zero one two", found("openai", { OPENAI_API_KEY = "zero", OPENAI_API_KEYS = " one,, two ," }))
    assert.equal("a b", found("gemini", { GOOGLE_API_KEYS = "a,b" }))
    assert.equal("a b", found("databricks", { DATABRICKS_TOKENS = "a b" }))
    assert.equal("OPENAI_API_KEY", found("openai", { OPENAI_API_KEYS = " , " }))
  end)

  it("are each there once", function()
    assert.equal("one two", found("openai", { OPENAI_API_KEY = "one", OPENAI_API_KEYS = "two,one,two" }))
  end)

  it("are those of the configuration alone, where it has any", function()
    local environment = { OPENAI_API_KEY = "zero", OPENAI_API_KEYS = "nine" }
    assert.equal("one", found("openai", environment, { api_key = "one" }))
    assert.equal("one two three", found("openai", environment, { api_key = "one", api_keys = { "two", "three" } }))
    assert.equal("two three", found("openai", environment, { api_keys = { "two", "three" } }))
  end)

  it("are at most 32", function()
    local list = {}
    for i = 1, 33 do list[i] = "k" .. i end
    assert.equal("OPENAI_API_KEYS lists more than 32 credentials",
      found("openai", { OPENAI_API_KEYS = table.concat(list, ",") }))
    assert.equal("api_key and api_keys are more than 32 credentials",
      found("openai", {}, { api_key = "k0", api_keys = { unpack(list, 1, 32) } }))
  end)

  it("are never a list of what holds commas itself", function()
    assert.equal("none", found("vertex-ai", { VERTEX_AI_SERVICE_ACCOUNT_JSONS = "{},{}" }))
    assert.equal("a b", found("vertex-ai", { VERTEX_AI_API_KEYS = "a,b" }))
  end)

  it("are one token or file where there are no keys", function()
    assert.equal("token", found("anthropic", { ANTHROPIC_AUTH_TOKEN = "token", ANTHROPIC_API_KEYS = "a,b" }))
    assert.equal("content", found("bedrock", { AWS_SHARED_CREDENTIALS_FILE = "/there" }))
    assert.equal("none", found("ollama", {}))
  end)

  it("make `targets: auto` find a provider", function()
    assert.is_true(targets.is_found(provider "openai", function(name) return name == "OPENAI_API_KEYS" and "a,b" end))
    assert.is_false(targets.is_found(provider "openai", function() end))
  end)
end)
