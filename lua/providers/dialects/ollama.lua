-- SPDX-License-Identifier: Apache-2.0
--- Ollama's own API: chat (a JSON object a line when streamed) and embeddings. The parts are in ollama/.

local embed = require "providers.dialects.ollama.embed"
local params = require "providers.dialects.neutral.params"
local request = require "providers.dialects.ollama.request"
local response = require "providers.dialects.ollama.response"
local statuses = require "providers.dialects.neutral.statuses"
local stream = require "providers.dialects.ollama.stream"

---@type Dialect
return {
  name = "ollama",
  raw_keys = { parameters = true, schema = true },
  refuses = params.refuses,
  request = request.build,
  response = response.translate,
  failure = statuses.of_answer,
  framing = "ndjson",
  stream = stream.open,
  event = stream.event,
  finish = stream.finish,
  usage = stream.usage,
  surfaces = { embeddings = embed },
}
