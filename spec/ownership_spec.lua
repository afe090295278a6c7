-- SPDX-License-Identifier: Apache-2.0
local ownership = require("gateway.spec").module "ownership"

local PROVIDERS = {
  openai = { name = "openai", models = { prefixes = { "gpt-" } } },
  groq = { name = "groq", models = { ids = { "llama-3" }, any = true } },
  openrouter = { name = "openrouter", models = { any = true } },
  compatible = { name = "openai-compatible", models = { any = true } },
}

--- A target as targets.build makes it: of a provider, with some members changed.
local function target(provider, changes)
  local made = {
    name = provider, provider = PROVIDERS[provider], available = true, instance = false,
    model_list = {}, model_map = {},
  }
  for name, value in pairs(changes or {}) do made[name] = value end
  made.model_set = {}
  for _, model in ipairs(made.model_list) do made.model_set[model] = true end
  return made
end

--- "openai groq: gpt-4o": who is asked, and for what.
local function found(model, ...)
  local owners, name = ownership.find({ ... }, model)
  local words = {}
  for i, owner in ipairs(owners) do words[i] = owner.name end
  return table.concat(words, " ") .. ": " .. name
end

describe("a model", function()
  local openai, groq, openrouter = target "openai", target "groq", target "openrouter"

  it("is its provider's by prefix or by name", function()
    assert.equal("openai: gpt-4o", found("gpt-4o", groq, openai))
    assert.equal("groq: llama-3", found("llama-3", openai, groq))
  end)

  it("is everybody's whose target names it, in the order of the configuration", function()
    local listed = target("groq", { model_list = { "gpt-4o" } })
    local mapped = target("openrouter", { model_map = { ["gpt-4o"] = "openai/gpt-4o" } })
    assert.equal("groq openai openrouter: gpt-4o", found("gpt-4o", listed, openai, mapped))
  end)

  it("that nobody owns is for those who take any name", function()
    assert.equal("groq openrouter: nobodys", found("nobodys", openai, groq, openrouter))
    assert.equal(": nobodys", found("nobodys", openai))
    for model, expected in pairs { nobodys = false, ["gpt-4o"] = true, ["groq/any"] = true } do
      local _, _, known = ownership.find({ openai, groq }, model)
      assert.equal(expected, known, model)
    end
  end)

  it("is named by somebody else than a client where a list has it, not by a prefix", function()
    local told = target("openrouter", { discovered = { set = { told = true } } })
    local mapped = target("openai", { model_map = { fast = "gpt-4o" }, model_list = { "listed" } })
    for _, case in ipairs {
      { true, groq, "llama-3" }, { true, told, "told" }, { true, mapped, "fast" }, { true, mapped, "listed" },
      { false, groq, "llama-4" }, { false, openai, "gpt-4o" }, { false, told, "untold" },
    } do assert.equal(case[1], ownership.is_named(case[2], case[3]), case[3]) end
  end)

  it("never goes to a target that cannot be used", function()
    assert.equal(": gpt-4o", found("gpt-4o", target("openai", { available = false })))
  end)
end)

describe("a server of the operator's own", function()
  local openai = target "openai"

  it("serves what it lists and nothing else", function()
    local own = target("compatible", { name = "own", instance = true, model_list = { "mine" } })
    assert.equal("own: mine", found("mine", own, openai))
    assert.equal(": other", found("other", own, openai))
    assert.equal("openai: gpt-4o", found("gpt-4o", own, openai))
  end)

  it("without a list takes what it is asked for, owned by others or not", function()
    local own = target("compatible", { name = "own", instance = true, model_map = { ["gpt-4o"] = "mine" } })
    assert.equal("own: other", found("other", own, openai))
    assert.equal("own openai: gpt-4o", found("gpt-4o", own, openai))
    assert.equal("own openai: gpt-4", found("gpt-4", own, openai))
  end)

  it("of a provider has that provider's models", function()
    local proxy = target("openai", { name = "proxy", instance = true })
    assert.equal("proxy openai: gpt-4o", found("gpt-4o", proxy, openai))
    assert.equal("proxy: other", found("other", proxy, openai))
    local listed = target("openai", { name = "listed", instance = true, model_list = { "gpt-4o" } })
    assert.equal("openai: gpt-4", found("gpt-4", listed, openai))
  end)
end)

describe("an address before the model's name", function()
  local openai, openrouter = target "openai", target "openrouter"

  it("chooses the target or the provider of that name", function()
    local second = target("openai", { name = "second" })
    assert.equal("openai second: any-name", found("openai/any-name", openrouter, openai, second))
    assert.equal("second: any-name", found("second/any-name", openrouter, openai, second))
  end)

  it("is part of the name where a target names the whole", function()
    local named = target("openrouter", { model_list = { "openai/gpt-4o" } })
    assert.equal("openrouter: openai/gpt-4o", found("openai/gpt-4o", openai, named))
    assert.equal("openai: gpt-4", found("openai/gpt-4", openai, named))
  end)

  it("is part of the name where a provider has a model of that name", function()
    local provider = { name = "groq", models = { ids = { "groq/compound" }, any = true } }
    local own = target("groq", { provider = provider })
    assert.equal("groq: groq/compound", found("groq/compound", openai, own))
    assert.equal("groq: llama-3", found("groq/llama-3", openai, own))
  end)

  it("that is nobody's is part of the name", function()
    assert.equal("openrouter: qwen/qwen3", found("qwen/qwen3", openai, openrouter))
  end)
end)

describe("the list of models", function()
  it("has every name once, owned by the first target that serves it", function()
    local list = ownership.list {
      target("openai", { model_list = { "shared", "a" } }),
      target("groq", { model_list = { "shared" } }),
      target("compatible", { name = "own", instance = true, model_map = { z = "up", y = "up" } }),
      target("openrouter", { model_list = { "hidden" }, available = false }),
    }
    local words = {}
    for i, model in ipairs(list) do words[i] = model.id .. "=" .. model.owned_by end
    assert.equal("shared=openai a=openai llama-3=groq y=openai-compatible z=openai-compatible",
      table.concat(words, " "))
  end)

  it("has as many of a target as its count says", function()
    assert.equal(3, ownership.count(target("groq", { model_list = { "a" }, model_map = { a = "x", b = "y" } })))
  end)
end)
