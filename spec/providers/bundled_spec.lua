-- SPDX-License-Identifier: Apache-2.0
--- The providers that come with the gateway, all together.

local spec = require "gateway.spec"

local contract = spec.script("providers", "contract")

-- The providers of the compatible gateway whose dialect exists: key variable and root as its users know them.
local KNOWN = {
  { "ai21", "AI21_API_KEY", "https://api.ai21.com/studio/v1" },
  { "anthropic", "ANTHROPIC_API_KEY", "https://api.anthropic.com/v1" },
  { "cerebras", "CEREBRAS_API_KEY", "https://api.cerebras.ai/v1" },
  { "cloudflare", "CLOUDFLARE_API_KEY", "https://api.cloudflare.com/client/v4/accounts/{account_id}/ai/v1" },
  { "databricks", "DATABRICKS_TOKEN", "{host}/serving-endpoints" },
  { "deepinfra", "DEEPINFRA_API_KEY", "https://api.deepinfra.com/v1/openai" },
  { "deepseek", "DEEPSEEK_API_KEY", "https://api.deepseek.com/v1" },
  { "fireworks", "FIREWORKS_API_KEY", "https://api.fireworks.ai/inference/v1" },
  { "groq", "GROQ_API_KEY", "https://api.groq.com/openai/v1" },
  { "hugging-face", "HUGGING_FACE_API_KEY", "https://router.huggingface.co/v1" },
  { "mistral", "MISTRAL_API_KEY", "https://api.mistral.ai/v1" },
  { "moonshot", "MOONSHOT_API_KEY", "https://api.moonshot.ai/v1" },
  { "novita", "NOVITA_API_KEY", "https://api.novita.ai/openai/v1" },
  { "nvidia-nim", "NVIDIA_NIM_API_KEY", "https://integrate.api.nvidia.com/v1" },
  { "ollama-cloud", "OLLAMA_API_KEY", "https://ollama.com/v1" },
  { "openai", "OPENAI_API_KEY", "https://api.openai.com/v1" },
  { "openrouter", "OPENROUTER_API_KEY", "https://openrouter.ai/api/v1" },
  { "perplexity", "PERPLEXITY_API_KEY", "https://api.perplexity.ai" },
  { "qwen", "QWEN_API_KEY", "https://dashscope-intl.aliyuncs.com/compatible-mode/v1" },
  { "sambanova", "SAMBANOVA_API_KEY", "https://api.sambanova.ai/v1" },
  { "together", "TOGETHER_API_KEY", "https://api.together.ai/v1" },
  { "xai", "XAI_API_KEY", "https://api.x.ai/v1" },
  { "azure-openai", "AZURE_OPENAI_API_KEY", "{endpoint}" },
  { "azure-foundry", "AZURE_FOUNDRY_API_KEY", "{endpoint}" },
}

local function holds(list, wanted)
  for _, item in ipairs(list or {}) do
    if item == wanted then return true end
  end
  return false
end

describe("a bundled provider", function()
  local names = spec.list "providers"

  it("is one of at least 83", function()
    assert.is_true(#names >= 83)
  end)

  for _, name in ipairs(names) do
    describe(name, function()
      local provider = spec.script("providers", name)

      it("keeps the contract", function()
        assert.is_true(contract.check(provider, name))
      end)

      it("takes its base address from a variable of its name", function()
        if not provider.base then return end
        local variable = name:upper():gsub("%-", "_") .. "_BASE_URL"
        assert.is_true(holds(provider.env.base, variable), variable)
      end)

      it("names a variable for a credential that it cannot do without", function()
        if provider.auth and not provider.auth.optional then assert.truthy(provider.env.key[1]) end
      end)
    end)
  end

  it("is picked up by its credential only when that is nobody else's", function()
    local owners = {}
    for _, name in ipairs(names) do
      local provider = spec.script("providers", name)
      for _, variable in ipairs(provider.auto ~= false and provider.env and provider.env.key or {}) do
        assert.is_nil(owners[variable], ("%s: %s and %s"):format(variable, name, tostring(owners[variable])))
        owners[variable] = name
      end
    end
  end)

  for _, known in ipairs(KNOWN) do
    it(known[1] .. " is reached as its users know it", function()
      local provider = spec.script("providers", known[1])
      assert.equal(known[2], provider.env.key[1])
      assert.equal(known[3], provider.base)
    end)
  end

  it("ollama is found through OLLAMA_HOST, without a credential", function()
    local provider = spec.script("providers", "ollama")
    assert.same({ "OLLAMA_HOST" }, provider.env.vars.host)
    assert.is_nil(provider.auth)
  end)
end)
