-- SPDX-License-Identifier: Apache-2.0
local spec = require "gateway.spec"

local wires = spec.module "wires"

local function nothing() end

local dialects = {
  own = { edits = nothing, surfaces = { rerank = { request = nothing, response = nothing } } },
  other = { request = nothing, surfaces = { embeddings = { request = nothing, response = nothing } } },
  here = { answer = nothing },
}

local function find(provider, surface, model)
  return wires.find(dialects, provider, surface, model or "m")
end

local function told(wire)
  return wire and ("%s %s"):format(wire.kind, wire.path or "-")
end

describe("a wire format", function()
  it("is the provider's own where nothing else is said", function()
    assert.equal("own /chat", told(find({ dialect = "own", paths = { chat = "/chat" } }, "chat")))
    assert.equal("translated -", told(find({ dialect = "other", paths = {} }, "chat")))
    assert.equal("local -", told(find({ dialect = "here", paths = {} }, "chat")))
  end)

  it("has the usual path for a provider without paths", function()
    assert.equal("own /chat/completions", told(find({ dialect = "own" }, "chat")))
    assert.is_nil(find({ dialect = "own" }, "embeddings"))
  end)

  it("is an operation where the dialect has one, before a path", function()
    assert.equal("operation -", told(find({ dialect = "other", paths = {} }, "embeddings")))
    assert.equal("operation /rerank", told(find({ dialect = "own", paths = { rerank = "/rerank" } }, "rerank")))
  end)

  it("is none where the provider has no such surface", function()
    assert.is_nil(find({ dialect = "other", paths = { images = "/images" } }, "images"))
    assert.is_nil(find({ dialect = "own", paths = { chat = "/chat" } }, "speech"))
    assert.is_nil(find({ dialect = "own", paths = { embeddings = "/e" } }, "chat"))
  end)

  local mixed = {
    dialect = "own", paths = { chat = "/chat", embeddings = "/e" },
    wires = {
      { surface = "embeddings", dialect = "other" },
      { prefixes = { "claude" }, contains = { "/claude" }, except = { "claude-own" }, dialect = "other", path = "/c" },
    },
  }

  it("is another one for some surfaces and models", function()
    assert.equal("own /chat", told(find(mixed, "chat", "gpt")))
    assert.equal("translated /c", told(find(mixed, "chat", "claude-x")))
    assert.equal("translated /c", told(find(mixed, "chat", "eu/claude-x")))
    assert.equal("own /chat", told(find(mixed, "chat", "claude-own-1")))
    assert.equal("operation /e", told(find(mixed, "embeddings", "gpt")))
  end)

  it("is named with all others of its provider", function()
    assert.same({ "own", "other", "other" }, wires.dialects(mixed))
  end)
end)
