-- SPDX-License-Identifier: Apache-2.0
-- The plugin pii over streams that are cut anywhere: more runs than its own spec (spec/plugins), which judges
-- generations, has the time for.

local personal = require "spec.support.personal"
local spec = require "gateway.spec"

local SAMPLES, PLACEHOLDERS, PEM = personal.SAMPLES, personal.PLACEHOLDERS, personal.PEM

describe("pii", function()
  it("masks every sample the same however a stream is cut", function()
    local pii = spec.plugin("pii", {})
    for kind, list in pairs(SAMPLES) do
      for _, sample in ipairs(list) do
        local text = "x " .. sample .. " y"
        for pieces in spec.splits(text) do
          local streamed = spec.stream(pii, pieces)
          assert.are.equal("x " .. PLACEHOLDERS[kind] .. " y", streamed.text)
          assert.is_true(streamed.held <= 1024)
        end
      end
    end
    local bytes = {}
    for i = 1, #PEM do bytes[i] = PEM:sub(i, i) end
    assert.are.equal("[API_KEY]", spec.stream(pii, bytes).text)
    for i = 1, #PEM, 7 do assert.are.equal("[API_KEY]", spec.stream(pii, { PEM:sub(1, i), PEM:sub(i + 1) }).text) end
  end)

  it("masks random texts the same however they are cut", function()
    local pii = spec.plugin("pii", {})
    local state = 20260101
    local function random(most)
      state = (state * 1103515245 + 12345) % 2147483648
      return math.floor(state / 65536) % most + 1
    end
    local filler = { " ", ", ", "a", "word ", "\195\182", "\\n", ".", "-", "1", "2026", "@", ":", "+", "\n",
      "\240\159\152\128" }
    local kinds = { "email", "phone", "card", "iban", "ssn", "ip", "api_key" }
    for _ = 1, 25 do
      local parts = {}
      for i = 1, 25 do
        local list = random(5) == 1 and SAMPLES[kinds[random(#kinds)]] or filler
        parts[i] = list[random(#list)]
      end
      local text = table.concat(parts)
      local whole = spec.stream(pii, text).text
      for _ = 1, 10 do
        local pieces, at = {}, 1
        while at <= #text do
          local count = random(12)
          pieces[#pieces + 1] = text:sub(at, at + count - 1)
          at = at + count
        end
        local streamed = spec.stream(pii, pieces)
        assert.are.equal(whole, streamed.text)
        assert.is_true(streamed.held <= 1024)
      end
    end
  end)
end)
