-- SPDX-License-Identifier: Apache-2.0
--- Transcripts of the Responses API with bytes and values changed: whatever a provider or a client sends, nothing
--- raises, and no broken stream is called complete.

local chunks = require "spec.support.chunks"
local json = require "gateway.json"
local mutation = require "spec.support.mutation"
local responses = require "spec.support.responses"
local spec = require "gateway.spec"

local dialect, face = responses.dialect, responses.face

local ROUNDS = 300

local function fixture(name)
  return spec.fixture("responses/" .. name)
end

describe("a mutated stream of a provider", function()
  for _, case in ipairs { "stream-text", "stream-tools", "stream-incomplete", "stream-failed", "stream-refusal" } do
    it("of " .. case .. " ends whole with its last event, or fails", function()
      local text, roll = fixture(case .. ".stream.txt"), mutation.dice(#case)
      for _ = 1, ROUNDS do
        local list, failure, state = chunks.translated(dialect, responses.call({}, { stream = true }),
          { mutation.bytes(text, roll) })
        assert.equal(state.done, failure == nil)
        assert.truthy(failure or list[#list] == "[DONE]")
      end
    end)
  end
end)

describe("a mutated answer of a provider", function()
  for _, case in ipairs { "text", "tool-call", "incomplete", "refusal" } do
    it("of " .. case .. " is an answer or a failure", function()
      local text, roll = fixture(case .. ".response.json"), mutation.dice(#case)
      for _ = 1, ROUNDS do
        local body = json.decode(text).body
        for _ = 0, roll(3) do mutation.value(body, roll) end
        local made, failure = dialect.response(responses.call {}, json.encode(body), {})
        assert.truthy(made and json.decode(made) or failure.message)
      end
    end)
  end
end)

describe("a mutated request of a client", function()
  local function each(name, raw_keys, run)
    local text, roll = fixture(name .. ".client.json"), mutation.dice(#name)
    for _ = 1, ROUNDS do
      local body = json.decode(text, { raw = raw_keys }).body
      for _ = 0, roll(3) do mutation.value(body, roll) end
      run(body)
    end
  end

  for _, case in ipairs { "face-text", "face-turns", "face-tools", "face-tool-results" } do
    it("of " .. case .. " is a chat request or a refusal", function()
      each(case, face.raw_keys, function(body)
        local context = responses.context {}
        context.request = body
        local made, failure = face.request(context)
        assert.truthy(made and json.encode(made) or failure.message)
        local answer = made and face.response(context, fixture "face-text.upstream.openai.response.json")
        assert.truthy(not made or json.decode(answer))
      end)
    end)
  end

  for _, case in ipairs { "text", "tool-call", "tool-result" } do
    it("of " .. case .. " is the provider's request or a refusal", function()
      each(case, dialect.raw_keys, function(body)
        local call = responses.call {}
        call.request = body
        local made, failure = dialect.request(call, responses.provider)
        assert.truthy(made and json.decode(made.body) or failure.message)
      end)
    end)
  end
end)

describe("a mutated chat answer", function()
  it("is a response or nothing", function()
    local text, roll = fixture "face-tools.upstream.openai.response.json", mutation.dice(7)
    for _ = 1, ROUNDS do
      local body = json.decode(text)
      for _ = 0, roll(3) do mutation.value(body, roll) end
      local made = face.response(responses.ready(), json.encode(body))
      assert.truthy(made == nil or json.decode(made))
    end
  end)

  for _, case in ipairs { "text", "tools", "reasoning", "refusal", "length" } do
    it("streamed as " .. case .. " still has whole events", function()
      local roll = mutation.dice(#case)
      local list = chunks.read(fixture(("face-stream-%s.upstream.openai.stream.txt"):format(case)))
      for _ = 1, ROUNDS do
        local copy = json.decode(json.encode(json.array(list)))
        for _ = 0, roll(3) do mutation.value(copy, roll) end
        for i, chunk in ipairs(copy) do copy[i] = json.encode(chunk) end
        responses.events(responses.flowed(copy))
      end
    end)
  end
end)
