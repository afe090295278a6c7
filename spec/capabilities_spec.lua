-- SPDX-License-Identifier: Apache-2.0
local spec = require "gateway.spec"

local capabilities = spec.module "capabilities"

local function of(name)
  local provider = spec.script("providers", name)
  return capabilities.of(provider, spec.script("providers/dialects", provider.dialect))
end

-- gateway-api 9.4; where a vendor has learnt to since, or is spoken to in its own words, that is what is told.
local UNSUPPORTED = {
  anthropic = "seed presence_penalty frequency_penalty logprobs top_logprobs logit_bias",
  cohere = "logit_bias",
  gemini = "logit_bias",
  groq = "presence_penalty frequency_penalty logprobs top_logprobs logit_bias",
  mistral = "logit_bias",
  ollama = "logit_bias",
  deepseek = "presence_penalty frequency_penalty",
  replicate = "tools tool_choice logit_bias",
}

describe("what a provider takes", function()
  it("is told for all parameters", function()
    local count = 0
    for _, word in pairs(of "openai") do
      count = count + 1
      assert.truthy(word == "forward" or word == "translate" or word == "unsupported")
    end
    assert.equal(17, count)
  end)

  for name, list in pairs(UNSUPPORTED) do
    it("is known to be less of " .. name, function()
      local found = of(name)
      for parameter in list:gmatch "%S+" do assert.equal("unsupported", found[parameter], parameter) end
      assert.equal("forward", found.temperature)
    end)
  end

  it("is said in other words where its data says so", function()
    assert.equal("translate", of("gemini").response_format)
    assert.equal("forward", of("openai").response_format)
  end)
end)
