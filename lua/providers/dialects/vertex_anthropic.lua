-- SPDX-License-Identifier: Apache-2.0
--- Claude as Vertex AI serves it: Anthropic's Messages API by rawPredict. The parts are Anthropic's, and vertex/.

local json = require "gateway.json"

local anthropic_failure = require "providers.dialects.anthropic.failure"
local count = require "providers.dialects.anthropic.count"
local google_failure = require "providers.dialects.gemini.failure"
local params = require "providers.dialects.neutral.params"
local request = require "providers.dialects.vertex.anthropic"
local response = require "providers.dialects.anthropic.response"
local stream = require "providers.dialects.anthropic.stream"
local value = require "providers.dialects.neutral.value"

local typed = value.typed

local RAW_KEYS = { parameters = true, schema = true }

--- Google's own layer speaks first: its errors have a status word, Anthropic's a type.
local function is_googles(text)
  local body = text and text:find "^%s*[%[{]" and json.decode(text)
  local first = type(body) == "table" and type(body[1]) == "table" and body[1] or body
  local inner = typed(first, "error", "table")
  return inner ~= nil and typed(inner, "type", "string") == nil
end

local function failure_of(status, headers, text, now)
  local read = is_googles(text) and google_failure or anthropic_failure
  return read.of_answer(status, headers, text, now)
end

---@type Dialect
return {
  name = "vertex_anthropic",
  raw_keys = RAW_KEYS,
  refuses = params.refuses,
  request = request.build,
  response = response.translate,
  failure = failure_of,
  stream = stream.open,
  event = stream.event,
  finish = stream.finish,
  usage = stream.usage,
  surfaces = {
    count_tokens = { raw_keys = RAW_KEYS, request = request.count, response = count.response },
  },
}
