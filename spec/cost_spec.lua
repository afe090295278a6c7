-- SPDX-License-Identifier: Apache-2.0
--- lua/cost.lua: exact, or unknown.

local spec = require "gateway.spec"

local cost = spec.module "cost"

local function of(row, usage)
  row.mode = row.mode or "chat"
  return cost.of(cost.price(row), usage)
end

describe("tokens", function()
  it("cost what they cost", function()
    local row = { input = "2.5", output = "10" }
    assert.are.equal(1250000, of(row, { prompt_tokens = 100000, completion_tokens = 100000 }))
    assert.are.equal(0, of(row, { prompt_tokens = 0, completion_tokens = 0 }))
  end)

  it("are exact where doubles are not", function()
    -- 0.1 + 0.2 and the like: a million requests of one token each are a million times the price
    assert.are.equal(100000, of({ input = "0.1" }, { prompt_tokens = 1000000 }))
    assert.are.equal(300000, of({ input = "0.1", output = "0.2" }, { prompt_tokens = 1e6, completion_tokens = 1e6 }))
    assert.are.equal(2999997, of({ input = "0.999999" }, { prompt_tokens = 3000000 }))
  end)

  it("are rounded once, half up", function()
    assert.are.equal(0, of({ input = "0.499999" }, { prompt_tokens = 1 }))
    assert.are.equal(1, of({ input = "0.5" }, { prompt_tokens = 1 }))
    assert.are.equal(1, of({ input = "0.25", output = "0.25" }, { prompt_tokens = 1, completion_tokens = 1 }))
    assert.are.equal(2, of({ input = "1.499999", output = "0.000001" }, { prompt_tokens = 1, completion_tokens = 1 }))
    -- where the quotient of doubles would be rounded up by itself
    assert.are.equal(8999999999, of({ input = "8999.999999" }, { prompt_tokens = 1000000 }))
  end)

  it("read from a cache have their own price, or that of any input", function()
    local usage = { prompt_tokens = 1000, cached_tokens = 400, completion_tokens = 10 }
    assert.are.equal(600 * 3 + 400 * 1 + 10 * 15, of({ input = "3", cached_input = "1", output = "15" }, usage))
    assert.are.equal(1000 * 3 + 10 * 15, of({ input = "3", output = "15" }, usage))
  end)

  it("written into a cache have theirs", function()
    local usage = { prompt_tokens = 1000, cached_tokens = 400, cache_write_tokens = 100, completion_tokens = 0 }
    assert.are.equal(500 * 4 + 400 * 1 + 100 * 5, of({ input = "4", cached_input = "1", cache_write = "5" }, usage))
  end)

  it("of reasoning are part of the answer's, at their own price where it differs", function()
    local usage = { prompt_tokens = 0, completion_tokens = 100, reasoning_tokens = 80 }
    assert.are.equal(100 * 10, of({ input = "1", output = "10" }, usage))
    assert.are.equal(20 * 10 + 80 * 4, of({ input = "1", output = "10", reasoning_output = "4" }, usage))
  end)

  it("of sound have theirs", function()
    local usage = { prompt_tokens = 100, audio_input_tokens = 60, completion_tokens = 50, audio_output_tokens = 20 }
    local row = { input = "1", output = "2", audio_input = "40", audio_output = "80" }
    assert.are.equal(40 * 1 + 60 * 40 + 30 * 2 + 20 * 80, of(row, usage))
  end)

  it("of a long prompt all cost the tier's price", function()
    local row = {
      input = "1", output = "10", cached_input = "0.5", tier_above = 200, tier_input = "2", tier_output = "15",
      tier_cached_input = "1",
    }
    assert.are.equal(200 * 1 + 10 * 10, of(row, { prompt_tokens = 200, completion_tokens = 10 }))
    assert.are.equal(201 * 2 + 10 * 15, of(row, { prompt_tokens = 201, completion_tokens = 10 }))
    assert.are.equal(101 * 2 + 100 * 1, of(row, { prompt_tokens = 201, cached_tokens = 100, completion_tokens = 0 }))
  end)

  it("that are more than the whole are taken for the whole", function()
    assert.are.equal(10, of({ input = "4", cached_input = "1" }, { prompt_tokens = 10, cached_tokens = 50 }))
    assert.are.equal(0, of({ input = "4" }, { prompt_tokens = -10 }))
  end)
end)

describe("an unknown price", function()
  it("is nil, never 0", function()
    local usage = { prompt_tokens = 10, completion_tokens = 10 }
    assert.is_nil(cost.of(nil, usage))
    assert.is_nil(cost.price(nil))
    assert.is_nil(cost.price { mode = "chat", context = 4096 })
    assert.is_nil(of({ input = "1" }, usage))
    assert.is_nil(of({ output = "1" }, usage))
    assert.is_nil(of({ per_image = "1" }, usage))
  end)

  it("of what is not there does not matter", function()
    assert.are.equal(10, of({ input = "1", mode = "embedding" }, { prompt_tokens = 10, completion_tokens = 0 }))
  end)

  it("goes with usage that nobody knows, or believes", function()
    assert.is_nil(of({ input = "1", output = "1" }, nil))
    assert.is_nil(of({ input = "1", output = "1" }, {}))
    assert.is_nil(of({ input = "1", output = "1" }, { prompt_tokens = 1e15, completion_tokens = 1 }))
    assert.are.equal(0, of({ input = "1", output = "1" }, { prompt_tokens = 0 / 0, completion_tokens = 0 }))
  end)

  it("is not a price of 0", function()
    assert.are.equal(0, of({ input = "0", output = "0" }, { prompt_tokens = 10, completion_tokens = 10 }))
  end)
end)

describe("what is not paid for by the token", function()
  it("is an image", function()
    assert.are.equal(120000, of({ per_image = "0.04", mode = "image" }, { images = 3 }))
    assert.are.equal(50, of({ input = "5", mode = "image" }, { images = 1, prompt_tokens = 10 }))
  end)

  it("is a minute of audio, to the millisecond", function()
    local row = { audio_in_per_minute = "0.006", mode = "audio_transcription" }
    assert.are.equal(6000, of(row, { seconds = 60 }))
    assert.are.equal(100, of(row, { seconds = 1 }))
    assert.are.equal(21600000, of(row, { seconds = 216000 }))
    assert.are.equal(1, of({ audio_in_per_minute = "0.0061" }, { seconds = 0.005 }))
    assert.are.equal(0, of({ audio_in_per_minute = "0.0059" }, { seconds = 0.005 }))
  end)

  it("is a letter that is spoken", function()
    assert.are.equal(15 * 40, of({ speech_per_1m_chars = "15", mode = "audio_speech" }, { characters = 40 }))
  end)

  it("is a search", function()
    assert.are.equal(2000, of({ per_1k_requests = "2", mode = "rerank" }, {}))
    assert.are.equal(6000, of({ per_1k_requests = "2", mode = "rerank" }, { search_units = 3 }))
    local row = { per_1k_requests = "5", input = "1", output = "1" }
    assert.are.equal(5010, of(row, { prompt_tokens = 5, completion_tokens = 5 }))
  end)
end)

describe("a cost's parts", function()
  local function parts(row, usage)
    row.mode = row.mode or "chat"
    local price = cost.price(row)
    local list = { cost.parts(price, usage) }
    local sum = 0
    for _, part in ipairs(list) do sum = sum + part end
    assert.are.equal(cost.of(price, usage), math.floor(sum / 1e6 + 0.5))
    return list
  end

  it("are what each kind of token costs", function()
    local row = { input = "2", output = "10", cached_input = "1", cache_write = "3", reasoning_output = "20" }
    local usage = { prompt_tokens = 100, completion_tokens = 50, cached_tokens = 30, cache_write_tokens = 20,
      reasoning_tokens = 10, audio_output_tokens = 5 }
    assert.are.same({ 50 * 2e6, 35 * 10e6, 30 * 1e6, 20 * 3e6, 10 * 20e6, 0, 5 * 10e6, 0 }, parts(row, usage))
  end)

  it("are one where something else is paid for", function()
    assert.are.same({ 0, 0, 0, 0, 0, 2 * 4e10, 0, 0 }, parts({ per_image = "0.04" }, { images = 2 }))
    assert.are.same({ 0, 0, 0, 0, 0, 0, 40 * 15e6, 0 },
      parts({ speech_per_1m_chars = "15", mode = "audio_speech" }, { characters = 40 }))
    assert.are.same({ 3 * 2e9, 0, 0, 0, 0, 0, 0, 0 },
      parts({ per_1k_requests = "2", mode = "rerank" }, { search_units = 3 }))
    assert.are.same({ 0, 0, 0, 0, 0, 0, 0, 7 * 2e4 },
      parts({ input = "0.02", mode = "embedding" }, { prompt_tokens = 7 }))
  end)
end)

describe("every row of the catalog", function()
  local catalog = require "gateway.catalog"

  it("has prices that can be counted with, as they are written", function()
    for _, provider in ipairs { "openai", "anthropic", "gemini", "bedrock", "openrouter", "groq", "mistral" } do
      for _, model in ipairs(catalog.list(provider)) do
        local row = catalog.find(provider, model)
        local price = cost.price(row)
        if row.input then
          assert.are.equal(row.input, (("%.6f"):format(price.input / 1e6):gsub("%.?0+$", "")))
        end
      end
    end
  end)
end)
