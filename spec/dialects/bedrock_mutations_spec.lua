-- SPDX-License-Identifier: Apache-2.0
--- Transcripts of Bedrock with bytes changed: whatever a vendor or a client sends, a dialect never raises, and never
--- calls a broken stream complete.

local bedrock = require "spec.support.bedrock"
local chunks = require "spec.support.chunks"
local eventstream = require "gateway.eventstream"
local json = require "gateway.json"
local mutation = require "spec.support.mutation"
local spec = require "gateway.spec"
local transcripts = require "spec.support.transcripts"

local dialect = bedrock.dialect
local invoke = spec.script("providers/dialects", "bedrock_invoke")
local ROUNDS = 300
local STREAMS = { "stream-text", "stream-tools", "stream-thinking", "stream-guardrail", "stream-error-mid" }

local function bytes(case) return transcripts.bytes("bedrock", case, "stream.hex") end

describe("a stream with bytes changed", function()
  for _, case in ipairs { "stream-text", "stream-tools", "invoke-anthropic" } do
    local speaker = case == "invoke-anthropic" and invoke or dialect
    it("of " .. case .. " ends whole only with its last event", function()
      local roll = mutation.dice(#case)
      for _ = 1, ROUNDS do
        local text = mutation.bytes(bytes(case), roll)
        local list, failure, state = chunks.translated(speaker, bedrock.call({}, nil, { stream = true }), { text })
        assert.truthy(failure or list[#list] == "[DONE]" and (state.done or state.reason))
      end
    end)
  end
end)

--- Frames whose checksums are right, their payloads changed.
local function unsettled(case, roll)
  local events = {}
  for i, event in ipairs(assert(eventstream.new():feed(bytes(case)))) do
    local payload = json.decode(event.data)
    if roll(4) == 0 then mutation.value(payload, roll) end
    local data = json.encode(payload)
    if roll(20) == 0 then data = mutation.bytes(data, roll) end
    events[i] = { event.name, data }
  end
  return events
end

describe("a stream with values of other types", function()
  for _, case in ipairs(STREAMS) do
    it("of " .. case .. " ends whole, or fails", function()
      local roll = mutation.dice(#case)
      for _ = 1, ROUNDS do
        local list, failure, state = bedrock.streamed(unsettled(case, roll))
        assert.equal(state.done, failure == nil)
        assert.is_true(failure ~= nil or #list > 0)
      end
    end)
  end

  it("of Claude's own ends whole, or fails", function()
    local roll = mutation.dice(7)
    for _ = 1, ROUNDS do
      local _, failure, state = bedrock.streamed(unsettled("invoke-anthropic", roll), nil, invoke)
      assert.equal(state.done, failure == nil)
    end
  end)
end)

describe("a mutated answer", function()
  local function answered(text)
    local made, failure = dialect.response(bedrock.call {}, text, {})
    assert.truthy(made and json.decode(made) or failure.status == 502, text)
  end

  for _, case in ipairs { "text", "tool-call", "thinking" } do
    it("of " .. case .. " is an answer or a failure", function()
      local body, roll = json.encode(transcripts.document("bedrock", case, "response").body), mutation.dice(#case)
      for _ = 1, ROUNDS do
        answered(mutation.bytes(body, roll))
        local changed = json.decode(body)
        mutation.value(changed, roll)
        answered(json.encode(changed))
      end
    end)
  end

  it("with a bad status is a failure with a message", function()
    local roll = mutation.dice(3)
    for _ = 1, ROUNDS do
      local failure = dialect.failure(424, {}, mutation.bytes(spec.fixture "bedrock/error-model.response.json", roll))
      assert.is_string(failure.message)
      assert.is_string(failure.code)
    end
  end)

  for surface, case in pairs { embeddings = "embed-cohere", rerank = "rerank" } do
    it("of " .. surface .. " is an answer or a failure", function()
      local roll = mutation.dice(#case)
      local body = json.encode(transcripts.document("bedrock", case, "response").body)
      local request = { input = json.array { "a", "b" }, query = "q", documents = json.array { "a", "b" } }
      for _ = 1, ROUNDS do
        local changed = json.decode(body)
        mutation.value(changed, roll)
        local call = bedrock.call(json.encode(request), "cohere.embed-english-v3", { surface = surface })
        local made, failure = dialect.surfaces[surface].response(call, json.encode(changed), {})
        assert.truthy(made and json.decode(made) or failure.status == 502)
      end
    end)
  end
end)

describe("a mutated request", function()
  local function sent(speaker, body, shown)
    if not json.is_object(body) then return end
    local call = bedrock.call({}, nil, { request = body, fetch = function() return nil, { status = 400 } end })
    local made, failure = speaker.request(call, bedrock.provider)
    assert.truthy(made and json.decode(made.body) or failure.status == 400, shown)
  end

  for _, case in ipairs { "text", "tool-call", "tool-result", "thinking" } do
    it("of " .. case .. " is sent or refused", function()
      local text, roll = spec.fixture("bedrock/" .. case .. ".client.json"), mutation.dice(#case)
      for _ = 1, ROUNDS do
        local client = json.decode(mutation.bytes(text, roll), { raw = dialect.raw_keys })
        if json.is_object(client) then sent(dialect, client.body, text) end
        local body = json.decode(text).body
        mutation.value(body, roll)
        local shown = json.encode(body)
        sent(dialect, json.decode(shown, { raw = dialect.raw_keys }), shown)
        sent(invoke, json.decode(shown, { raw = dialect.raw_keys }), shown)
      end
    end)
  end
end)
