-- SPDX-License-Identifier: Apache-2.0
local spec = require "gateway.spec"

local account = spec.module "account"
local endpoint = spec.module "endpoint"
local places = spec.module "places"
local surfaces = spec.module "surfaces"

describe("a surface", function()
  it("has a walker over its texts, both ways", function()
    for name in pairs(surfaces) do
      assert.truthy(places.request(name), name)
      assert.truthy(places.answer(name), name)
    end
  end)

  it("is called by its endpoint's name", function()
    for name, surface in pairs(surfaces) do assert.equal(name, surface.endpoint) end
  end)

  it("counts by what it is about", function()
    assert.same({ characters = 5 }, surfaces.speech.measure({ characters = 5 }, nil, nil))
    assert.same({ images = 2, prompt_tokens = 1 }, surfaces.images.measure({ images = 2 }, nil, { prompt_tokens = 1 }))
    local meta = '{"billed_units":{"search_units":3}}'
    local answer = { raw = function(_, name) return name == "meta" and meta or nil end }
    assert.same({ search_units = 3 }, surfaces.rerank.measure({}, answer, nil))
    local heard = { raw = function(_, name) return name == "duration" and "8.2" or nil end }
    assert.same({ seconds = 9 }, surfaces.transcriptions.measure({}, heard, nil))
  end)
end)

describe("usage", function()
  it("is read in any of OpenAI's spellings", function()
    local counts = {
      prompt_tokens = 9, completion_tokens = 4, total_tokens = 13, cached_tokens = 2, reasoning_tokens = 1,
    }
    assert.same(counts,
      account.of_openai {
        prompt_tokens = 9, completion_tokens = 4, total_tokens = 13, prompt_tokens_details = { cached_tokens = 2 },
        completion_tokens_details = { reasoning_tokens = 1 },
      })
    assert.same({ prompt_tokens = 9, completion_tokens = 4 }, account.of_openai { input_tokens = 9, output_tokens = 4 })
    assert.is_nil(account.of_openai(7))
    assert.same({}, account.of_openai { prompt_tokens = -1, completion_tokens = "4" })
  end)

  it("of two counts is the first one's where both have it", function()
    assert.same({ a = 1, b = 2 }, account.merged({ a = 1 }, { a = 5, b = 2 }))
    assert.same({ a = 1 }, account.merged(nil, { a = 1 }))
  end)
end)

describe("a surface's place", function()
  local function place(found, path)
    found.env, found.variable = found.env or {}, function(name) return name == "SET" and "x" or nil end
    local at, missing = endpoint.place(found, path)
    return at and at.origin .. at.path, missing
  end

  it("is below the root, or an address of its own", function()
    local found = { origin = "https://a.example", root = "/v1" }
    assert.equal("https://a.example/v1/embeddings", (place(found, "/embeddings")))
    assert.equal("https://b.example/x?y=1", (place(found, "https://b.example/x?y=1")))
  end)

  it("is at the operator's address where that replaces the root", function()
    local found = { origin = "http://127.0.0.1:9", root = "/v1", given = true }
    assert.equal("http://127.0.0.1:9/x", (place(found, "https://b.example/x")))
  end)

  it("needs its variables", function()
    local found = { origin = "https://a.example", root = "", env = { vars = { p = { "SET" }, q = { "UNSET" } } } }
    assert.equal("https://a.example/x/{model}", (place(found, "/{p}/{model}")))
    assert.same({ nil, "UNSET" }, { place(found, "/{q}") })
  end)
end)
