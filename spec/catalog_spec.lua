-- SPDX-License-Identifier: Apache-2.0
--- lua/catalog.lua: the names a model has, and what lists say of it.

local door = require "gateway.catalog"
local spec = require "gateway.spec"

local catalog = spec.module "catalog"

local function same(provider, name, other)
  local row = catalog.row(provider, name)
  assert.is_table(row, provider .. "/" .. name)
  assert.are.same(door.find(provider, other), row)
end

describe("a model's row", function()
  it("is that of the whole name", function()
    same("openai", "gpt-4o-2024-05-13", "gpt-4o-2024-05-13")
    assert.are_not.same(door.find("openai", "gpt-4o"), catalog.row("openai", "gpt-4o-2024-05-13"))
  end)

  it("is that of the model a dated name is a version of", function()
    same("openai", "gpt-4o-2099-01-31", "gpt-4o")
    same("anthropic", "claude-sonnet-4-5-20990131", "claude-sonnet-4-5")
    same("vertex-ai", "claude-opus-4-1@20990131", "claude-opus-4-1")
  end)

  it("is that of the model below a resource's path", function()
    same("gemini", "models/gemini-2.5-pro", "gemini-2.5-pro")
    same("vertex-ai", "publishers/google/models/gemini-2.5-pro", "gemini-2.5-pro")
    same("bedrock", "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-pro-v1:0", "amazon.nova-pro-v1:0")
  end)

  it("is that of the region, where it has one, else the model's", function()
    same("bedrock", "apac.amazon.nova-pro-v1:0", "apac.amazon.nova-pro-v1:0")
    same("bedrock", "ca.amazon.nova-pro-v1:0", "amazon.nova-pro-v1:0")
    assert.is_nil(catalog.row("bedrock", "acme.nova-pro-v1:0"))
  end)

  it("is that of what a fine-tuned model was made of", function()
    local row = catalog.row("openai", "ft:gpt-4o-2024-08-06:acme::abc123")
    assert.are.same(door.find("openai", "ft:gpt-4o-2024-08-06"), row)
    assert.is_table(row)
  end)

  it("is found in whatever letters, and in no other provider", function()
    same("openai", "GPT-4o", "gpt-4o")
    assert.is_nil(catalog.row("groq", "gpt-4o"))
    assert.is_nil(catalog.row("openai", "gpt-4o-mine"))
  end)

  it("does not take a free variant for what it is a variant of", function()
    local row = catalog.row("openrouter", "openai/gpt-5:nothing")
    assert.is_nil(row)
  end)
end)

describe("a target's row", function()
  it("is its provider's", function()
    assert.are.equal("2.5", catalog.of({ name = "main", provider = { name = "openai" } }, "gpt-4o").input)
  end)
end)

describe("what lists say of a model", function()
  it("names what it can in the one order", function()
    local row = {
      mode = "chat", vision = true, tools = true, parallel_tools = true, json_schema = true, reasoning = true,
      prompt_caching = true, audio_in = true, audio_out = true, finetuneable = true, context = 10, max_output = 5,
    }
    assert.are.same({
      mode = "chat", context_window = 10, max_output_tokens = 5, status = "ga",
      capabilities = {
        "vision", "function_calling", "parallel_tool_calls", "json_mode", "response_schema", "streaming",
        "prompt_caching", "reasoning", "audio_input", "audio_output", "finetuneable",
      },
    }, catalog.described(row))
  end)

  it("leaves out what is not known or not so", function()
    assert.are.same({ mode = "embedding", status = "ga" }, catalog.described { mode = "embedding" })
    assert.are.same({ mode = "audio_in", status = "preview" },
      catalog.described { mode = "audio_transcription", status = "preview" })
    assert.is_nil(catalog.described({ mode = "chat", streaming = false }).capabilities)
  end)

  it("calls deprecated what is, by word or by date", function()
    assert.is_true(catalog.described({ mode = "chat", status = "deprecated" }).deprecated)
    local row = { mode = "chat", deprecation_date = "2026-01-31" }
    assert.is_nil(catalog.described(row, "2026-01-30").deprecated)
    assert.is_true(catalog.described(row, "2026-01-31").deprecated)
    assert.are.equal("deprecated", catalog.described(row, "2027-01-01").status)
  end)
end)
