-- SPDX-License-Identifier: Apache-2.0
--- Transcripts of Anthropic with bytes changed: whatever a vendor or a client sends, a dialect never raises, and never
--- calls a broken stream complete.

local anthropic = require "spec.support.anthropic"
local chunks = require "spec.support.chunks"
local json = require "gateway.json"
local mutation = require "spec.support.mutation"
local spec = require "gateway.spec"

local dialect = anthropic.dialect

local ROUNDS = 400

local function each(case, kind, run)
  local text, roll = spec.fixture(("anthropic/%s.%s"):format(case, kind)), mutation.dice(#case + #kind)
  for _ = 1, ROUNDS do
    run(mutation.bytes(text, roll))
  end
end

describe("a mutated stream", function()
  for _, case in ipairs { "stream-text", "stream-tools", "stream-thinking", "stream-refusal", "stream-error-mid" } do
    it("of " .. case .. " ends whole with its last event, or fails", function()
      each(case, "stream.txt", function(text)
        local list, failure, state = chunks.translated(dialect, anthropic.call({}, nil, { stream = true }), { text })
        assert.equal(state.done, failure == nil)
        assert.truthy(failure or list[#list] == "[DONE]")
      end)
    end)
  end
end)

describe("a mutated answer", function()
  local function answered(text)
    local made, failure = dialect.response(anthropic.call {}, text, {})
    assert.truthy(made and json.decode(made) or failure.status == 502, text)
  end

  for _, case in ipairs { "text", "tool-call", "thinking", "refusal" } do
    it("of " .. case .. " is an answer or a failure", function()
      each(case, "response.json", answered)
    end)

    it("of " .. case .. " with values of other types is an answer or a failure", function()
      local text, roll = spec.fixture("anthropic/" .. case .. ".response.json"), mutation.dice(#case)
      for _ = 1, ROUNDS do
        local body = json.decode(text).body
        mutation.value(body, roll)
        answered(json.encode(body))
      end
    end)
  end

  it("with a bad status is a failure with a message", function()
    each("error-spend-cap", "response.json", function(text)
      local failure = dialect.failure(429, {}, text)
      assert.is_string(failure.message)
      assert.is_string(failure.code)
    end)
  end)
end)

describe("a stream with values of other types", function()
  for _, case in ipairs { "stream-text", "stream-tools", "stream-thinking", "stream-refusal" } do
    it("of " .. case .. " ends whole with its last event, or fails", function()
      local events = chunks.read(spec.fixture("anthropic/" .. case .. ".stream.txt"))
      local roll = mutation.dice(#case)
      for _ = 1, ROUNDS do
        local changed = json.decode(json.encode(json.array(events)))
        mutation.value(changed[roll(#changed) + 1], roll)
        local list, state = anthropic.streamed(changed)
        if list and not state.done then assert.is_nil((dialect.finish(state))) end
      end
    end)
  end
end)

describe("a mutated request", function()
  local function sent(body, shown)
    if not json.is_object(body) then return end
    local call = { model = "claude-sonnet-4-5", created = 0, request = body }
    local made, failure = dialect.request(call, anthropic.provider)
    assert.truthy(made and json.decode(made.body) or failure.status == 400, shown)
  end

  local cases = { "image-file", "json-schema", "tool-call", "tool-result", "thinking-tool-replay", "system-multiturn" }
  for _, case in ipairs(cases) do
    it("of " .. case .. " is sent or refused", function()
      each(case, "client.json", function(text)
        local client = json.decode(text, { raw = dialect.raw_keys })
        if json.is_object(client) then sent(client.body, text) end
      end)
    end)

    it("of " .. case .. " with values of other types is sent or refused", function()
      local text, roll = spec.fixture("anthropic/" .. case .. ".client.json"), mutation.dice(#case)
      for _ = 1, ROUNDS do
        local body = json.decode(text).body
        mutation.value(body, roll)
        local shown = json.encode(body)
        sent(json.decode(shown, { raw = dialect.raw_keys }), shown)
      end
    end)
  end
end)
