-- SPDX-License-Identifier: Apache-2.0
--- Transcripts of vendors with bytes changed and values of other types: a dialect never raises, and never calls a
--- broken stream complete.

local chunks = require "spec.support.chunks"
local json = require "gateway.json"
local mutation = require "spec.support.mutation"
local spec = require "gateway.spec"
local ways = require "spec.support.ways"

local ROUNDS = 200

local VENDORS = {
  { folder = "cohere", dialect = "cohere_v2", answers = { "text", "tool-call", "tool-result" },
    streams = { "stream-text", "stream-tools", "stream-thinking", "stream-error-mid" } },
  { folder = "ollama", dialect = "ollama", answers = { "text", "tool-call" },
    streams = { "stream-text", "stream-tools", "stream-error-mid" } },
  { folder = "tgi", dialect = "tgi_generate", provider = "tgi-generate", answers = { "text" },
    streams = { "stream-text", "stream-error-mid" } },
  { folder = "replicate", dialect = "replicate", answers = { "sync" }, streams = { "stream", "stream-error-mid" } },
  { folder = "ai21", dialect = "ai21", answers = { "text" }, streams = { "stream-text" } },
  { folder = "ai21", dialect = "openai_variant", provider = "together", answers = { "text" },
    streams = { "stream-text" } },
}

--- A poll that never comes to an end would hang a gateway: it fails here.
local function ask()
  return nil, { status = 502, type = "api_error", code = "upstream_error", message = "gone" }
end

for _, vendor in ipairs(VENDORS) do
  local dialect = spec.script("providers/dialects", vendor.dialect)
  local way = ways.through(dialect, spec.script("providers", vendor.provider or vendor.folder), "a/b")
  local function call(more) return way:call({}, nil, { ask = ask, sleep = function() end, stream = more }) end
  local function fixture(case, kind) return spec.fixture(("%s/%s.%s"):format(vendor.folder, case, kind)) end

  local function answered(text)
    local made, failure = dialect.response(call(), text, {})
    assert.truthy(made and json.decode(made) or failure.status >= 400, text)
  end

  describe(("a mutated answer of %s by %s"):format(vendor.folder, vendor.dialect), function()
    for _, case in ipairs(vendor.answers) do
      it("to " .. case .. " is an answer or a failure", function()
        local roll = mutation.dice(#case)
        local body = assert(json.decode(fixture(case, "response.json"))).body
        local text = json.encode(body)
        for _ = 1, ROUNDS do
          answered(mutation.bytes(text, roll))
          local changed = json.decode(text)
          mutation.value(changed, roll)
          answered(json.encode(changed))
        end
      end)
    end
  end)

  describe(("a mutated stream of %s by %s"):format(vendor.folder, vendor.dialect), function()
    for _, case in ipairs(vendor.streams) do
      it("of " .. case .. " ends whole, or fails", function()
        local text, roll = fixture(case, "stream.txt"), mutation.dice(#case)
        for _ = 1, ROUNDS do
          local list, failure, state = chunks.translated(dialect, call(true), { mutation.bytes(text, roll) })
          assert.equal(state.done, failure == nil)
          assert.truthy(failure or list[#list] == "[DONE]")
        end
      end)
    end
  end)
end

describe("other answers of other types", function()
  local SURFACES = {
    { "cohere_v2", "cohere", "embeddings", { input = json.array { "a", "b" } }, "cohere/embed.response.json" },
    { "cohere_v2", "cohere", "rerank", { query = "q", documents = json.array { "a", "b" } },
      "cohere/rerank.response.json" },
    { "ollama", "ollama", "embeddings", { input = json.array { "a", "b" } }, "ollama/embed.response.json" },
  }
  for _, surface in ipairs(SURFACES) do
    it(("of %s's %s are answers or failures"):format(surface[2], surface[3]), function()
      local operation = spec.script("providers/dialects", surface[1]).surfaces[surface[3]]
      local provider, roll = spec.script("providers", surface[2]), mutation.dice(3)
      local text = json.encode(json.decode(spec.fixture(surface[5])).body)
      for _ = 1, ROUNDS do
        local call = {
          surface = surface[3], model = "m", request = surface[4], kept = {}, headers = {}, variables = {}, created = 1,
        }
        assert(operation.request(call, provider))
        local changed = json.decode(text)
        mutation.value(changed, roll)
        local made, failure = operation.response(call, json.encode(changed), {})
        assert.truthy(made and json.decode(made) or failure.status == 502)
      end
    end)
  end
end)
