-- SPDX-License-Identifier: Apache-2.0
--- Clients that speak Gemini's API, in front of any provider.

local answer = require "providers.dialects.gemini.face.answer"
local embed = require "providers.dialects.gemini.face.embed"
local failing = require "providers.dialects.gemini.face.failure"
local forward = require "providers.dialects.gemini.face.forward"
local reading = require "providers.dialects.gemini.face.read"
local request = require "providers.dialects.gemini.face.request"
local spelt = require "providers.dialects.gemini.spelt"
local stream = require "providers.dialects.gemini.face.stream"

-- The order and the spelling of numbers in arguments and schemas are the client's.
local RAW_KEYS = spelt.both {
  "args", "response", "parameters", "parametersJsonSchema", "responseSchema", "responseJsonSchema",
}

---@type Face
local chat = {
  endpoint = "gemini", surface = "chat", raw_keys = RAW_KEYS,
  read = reading.read, forward = forward.forward, request = request.chat, response = answer.chat,
  failure = failing.answer, stream = stream.open, event = stream.event, finish = stream.finish,
  broken = stream.broken,
}

---@type Face
local count = {
  endpoint = "gemini_count", surface = "count_tokens", raw_keys = RAW_KEYS,
  read = reading.read, forward = forward.forward, request = request.counted, response = answer.counted,
  failure = failing.answer,
}

---@type Face
local embeddings = {
  endpoint = "gemini_embed", surface = "embeddings",
  read = reading.read, forward = forward.forward, request = embed.request, response = embed.response,
  failure = failing.answer,
}

return { gemini = chat, gemini_count = count, gemini_embed = embeddings }
