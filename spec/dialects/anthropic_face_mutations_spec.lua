-- SPDX-License-Identifier: Apache-2.0
--- What clients of Anthropic's API ask, and what chat models answer them, with pieces changed: nothing raises, blocks
--- never overlap, and no stream ends whole that was not.

local chunks = require "spec.support.chunks"
local face = require "spec.support.anthropic_face"
local json = require "gateway.json"
local mutation = require "spec.support.mutation"
local spec = require "gateway.spec"
local transcripts = require "spec.support.transcripts"

local ROUNDS = 200

local messages = face.messages

local function target_of(provider, dialect)
  return { provider = spec.script("providers", provider), dialect = dialect, model = "m" }
end

local TARGETS = { target_of("openai", "openai_chat"), target_of("gemini", "gemini"),
  target_of("anthropic", "anthropic_messages") }

--- A context without `read`: a body that it refuses never comes here.
local function context_of(body, target)
  return {
    request = body, model = "m", stream = true, headers = {}, kept = {}, dropped = {}, query = "", target = target,
    id = ("0"):rep(32), created = 1767225600, on_unsupported_param = "warn",
  }
end

local function asked(body, shown)
  if not json.is_object(body) then return end
  for _, target in ipairs(TARGETS) do
    local made, failure = messages.request(context_of(body, target))
    assert.truthy(made or failure.status == 400, shown) -- what cannot be written is refused behind it
  end
end

describe("a mutated request of Anthropic's clients", function()
  for _, case in ipairs { "claude-code", "json-schema", "text", "tool-call", "tool-result-image" } do
    it("of " .. case .. " is translated or refused", function()
      local text, roll = spec.fixture("anthropic-face/" .. case .. ".client.json"), mutation.dice(#case)
      for _ = 1, ROUNDS do
        local client = json.decode(mutation.bytes(text, roll), { raw = messages.raw_keys })
        if json.is_object(client) then asked(client.body, text) end
        local body = json.decode(text).body
        mutation.value(body, roll)
        local shown = json.encode(body)
        asked(json.decode(shown, { raw = messages.raw_keys }), shown)
      end
    end)
  end
end)

describe("a mutated answer for Anthropic's clients", function()
  for _, case in ipairs { "text", "tool-call", "content-filter" } do
    it("of " .. case .. " is a message, or none", function()
      local body = json.encode(transcripts.document("anthropic-face", case, "upstream.openai.response").body)
      local roll = mutation.dice(#case)
      for _ = 1, ROUNDS do
        local changed = json.decode(body)
        mutation.value(changed, roll)
        local text = messages.response(face.context(face.body {}), json.encode(changed))
        assert.truthy(text == nil or json.decode(text).type == "message")
      end
    end)
  end
end)

--- Every block ends before the next begins, and nothing is said outside of one. Whether all of them have ended.
local function in_order(events)
  local open
  for _, event in ipairs(events) do
    if event.type == "content_block_start" then
      assert.is_nil(open)
      open = event.index
    elseif event.type == "content_block_delta" then
      assert.equal(open, event.index)
    elseif event.type == "content_block_stop" then
      assert.equal(open, event.index)
      open = nil
    end
  end
  return open == nil
end

describe("a mutated stream for Anthropic's clients", function()
  for _, case in ipairs { "stream-text", "stream-tools", "stream-reasoning" } do
    it("of " .. case .. " has blocks in order, and one end", function()
      local text = transcripts.text("anthropic-face", case, "upstream.openai.stream.txt")
      local roll = mutation.dice(#case)
      for _ = 1, ROUNDS do
        local list = {}
        for _, chunk in ipairs(chunks.read(text)) do
          if chunk ~= "[DONE]" then
            if roll(3) == 0 then mutation.value(chunk, roll) end
            list[#list + 1] = json.encode(chunk)
          end
        end
        local events = face.events(face.bytes(list))
        local closed, last = in_order(events), events[#events].type
        assert.truthy(closed and last == "message_stop" or last == "error", last)
      end
    end)
  end
end)
