-- SPDX-License-Identifier: Apache-2.0
--- Transcripts of Gemini and of its clients with bytes changed: whatever is sent, a dialect never raises, never calls a
--- broken stream complete, and never invents an answer.

local chunks = require "spec.support.chunks"
local face = require "spec.support.gemini_face"
local gemini = require "spec.support.gemini"
local json = require "gateway.json"
local mutation = require "spec.support.mutation"
local spec = require "gateway.spec"
local transcripts = require "spec.support.transcripts"

local dialect = gemini.dialect
local ROUNDS = 300

local function stream_of(vendor, case) return spec.fixture(("%s/%s.stream.txt"):format(vendor, case)) end

local STREAMS = {
  { "gemini", "stream-text" }, { "gemini", "stream-tools" }, { "gemini", "stream-safety" },
  { "gemini", "stream-error-mid" }, { "vertex", "gemini-stream-partial-args" },
}

--- Whether a stream that ended whole had a reason in what was fed.
local function has_reason(text)
  return text:find('finishReason"', 1, true) ~= nil or text:find('blockReason"', 1, true) ~= nil
end

describe("a stream with bytes changed", function()
  for _, entry in ipairs(STREAMS) do
    it("of " .. entry[2] .. " ends whole only with a reason", function()
      local text, roll = stream_of(entry[1], entry[2]), mutation.dice(#entry[2])
      for _ = 1, ROUNDS do
        local changed = mutation.bytes(text, roll)
        local list, failure = chunks.translated(dialect, gemini.call({}, nil, { stream = true }), { changed })
        assert.truthy(failure or list[#list] == "[DONE]" and has_reason(changed))
      end
    end)
  end
end)

--- The events of a stream, decoded, some of their values replaced.
local function unsettled(text, roll)
  local events = {}
  for i, event in ipairs(chunks.read(text)) do
    if roll(3) == 0 then mutation.value(event, roll) end
    events[i] = json.encode(event)
  end
  return events
end

describe("a stream with values of other types", function()
  for _, entry in ipairs(STREAMS) do
    it("of " .. entry[2] .. " ends whole, or fails", function()
      local text, roll = stream_of(entry[1], entry[2]), mutation.dice(#entry[2] + 1)
      for _ = 1, ROUNDS do
        local list, failure = gemini.streamed(unsettled(text, roll))
        assert.truthy(list or failure.status >= 400)
      end
    end)
  end
end)

describe("a mutated answer", function()
  local function answered(text)
    local made, failure = dialect.response(gemini.call {}, text, {})
    assert.truthy(made and json.decode(made).choices[1] or failure.status >= 400, text)
  end

  for _, case in ipairs { "text", "tool-call", "tool-result", "json-schema", "blocked-prompt" } do
    it("of " .. case .. " is an answer or a failure", function()
      local body, roll = json.encode(transcripts.document("gemini", case, "response").body), mutation.dice(#case)
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
      local text = spec.fixture "gemini/error-quota.response.json"
      local failure = dialect.failure(429, {}, mutation.bytes(text, roll))
      assert.is_string(failure.message)
      assert.is_string(failure.code)
      local changed = json.decode(text).body
      mutation.value(changed, roll)
      assert.is_string(dialect.failure(429, {}, json.encode(changed)).code)
    end
  end)

  for surface, fixture in pairs { embeddings = "gemini/embed", images = "gemini/tool-call" } do
    it("of " .. surface .. " is an answer or a failure", function()
      local roll = mutation.dice(#fixture)
      local body = json.encode(json.decode(spec.fixture(fixture .. ".response.json")).body)
      for _ = 1, ROUNDS do
        local changed = json.decode(body)
        mutation.value(changed, roll)
        local call = gemini.call({ input = json.array { "a", "b" }, prompt = "p" }, nil, { surface = surface })
        local operation = dialect.surfaces[surface]
        assert(operation.request(call))
        local made, failure = operation.response(call, json.encode(changed), {})
        assert.truthy(made and json.decode(made) or failure.status >= 400)
      end
    end)
  end
end)

describe("a mutated request", function()
  local vertex = spec.script("providers/dialects", "vertex_gemini")
  local claude = spec.script("providers/dialects", "vertex_anthropic")

  local function sent(speaker, body, shown)
    if not json.is_object(body) then return end
    local call = gemini.call({}, "gemini-3-pro-preview", {
      request = body, fetch = function() return nil, { status = 400, message = "x" } end,
    })
    local made, failure = speaker.request(call, spec.script("providers", "vertex-ai"))
    assert.truthy(made and json.decode(made.body) or failure.status == 400, shown)
  end

  for _, case in ipairs { "text", "tool-call", "tool-result", "json-schema", "tool-replay-unsigned" } do
    it("of " .. case .. " is sent or refused", function()
      local text, roll = spec.fixture("gemini/" .. case .. ".client.json"), mutation.dice(#case)
      for _ = 1, ROUNDS do
        local client = json.decode(mutation.bytes(text, roll), { raw = dialect.raw_keys })
        if json.is_object(client) then sent(dialect, client.body, text) end
        local body = json.decode(text).body
        mutation.value(body, roll)
        local shown = json.encode(body)
        for _, speaker in ipairs { dialect, vertex, claude } do
          sent(speaker, json.decode(shown, { raw = dialect.raw_keys }), shown)
        end
      end
    end)
  end
end)

describe("a mutated request of Gemini's clients", function()
  local function asked(chosen, body, shown)
    if not json.is_object(body) then return end
    for _, target in ipairs { face.target(), face.target("gemini", { name = "gemini" }, "gemini-2.5-flash") } do
      local made, failure = chosen.request(face.context("{}", { request = body, target = target, stream = true }))
      assert.truthy(made or failure.status == 400, shown) -- what cannot be written is refused behind it
    end
  end

  for _, case in ipairs { "text", "tools" } do
    it("of " .. case .. " is translated or refused", function()
      local text, roll = spec.fixture("gemini-face/" .. case .. ".client.json"), mutation.dice(#case)
      for _ = 1, ROUNDS do
        local client = json.decode(mutation.bytes(text, roll), { raw = face.chat.raw_keys })
        if json.is_object(client) then asked(face.chat, client.body, text) end
        local body = json.decode(text).body
        mutation.value(body, roll)
        local shown = json.encode(body)
        for _, chosen in pairs(face.faces) do
          asked(chosen, json.decode(shown, { raw = chosen.raw_keys }), shown)
        end
      end
    end)
  end

  it("of embeddings is translated or refused", function()
    local roll = mutation.dice(5)
    for _ = 1, ROUNDS do
      local body = json.decode '{"requests":[{"content":{"parts":[{"text":"a"}]},"taskType":"t"},{"content":"b"}]}'
      mutation.value(body, roll)
      asked(face.faces.gemini_embed, body, json.encode(body))
    end
  end)
end)

describe("a mutated answer for Gemini's clients", function()
  it("is an answer, or none", function()
    local body = json.encode(transcripts.document("gemini-face", "text", "upstream.openai.response").body)
    local roll = mutation.dice(9)
    for _ = 1, ROUNDS do
      local changed = json.decode(body)
      mutation.value(changed, roll)
      local text = face.chat.response(face.context "{}", json.encode(changed))
      assert.truthy(text == nil or json.decode(text).candidates)
    end
  end)

  it("is a stream that ends whole, or with an error", function()
    local text, roll = stream_of("gemini-face", "tools.upstream.openai"), mutation.dice(11)
    for _ = 1, ROUNDS do
      local context = face.context("{}", { facts = { sse = roll(2) == 0 } })
      local list = {}
      for _, chunk in ipairs(chunks.read(text)) do
        if chunk ~= "[DONE]" then
          if roll(3) == 0 then mutation.value(chunk, roll) end
          list[#list + 1] = json.encode(chunk)
        end
      end
      local bytes = face.streamed(list, context)
      local pieces = context.facts.sse and chunks.read(bytes) or assert(json.decode(bytes))
      local last = pieces[#pieces]
      assert.truthy(last.error or last.candidates[1].finishReason)
    end
  end)
end)
