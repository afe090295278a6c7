-- SPDX-License-Identifier: Apache-2.0
--- Cohere's API, version 2: chat, embeddings, rerank. The parts are in cohere/, one noun each.

local embed = require "providers.dialects.cohere.embed"
local failure = require "providers.dialects.cohere.failure"
local params = require "providers.dialects.neutral.params"
local rerank = require "providers.dialects.cohere.rerank"
local request = require "providers.dialects.cohere.request"
local response = require "providers.dialects.cohere.response"
local stream = require "providers.dialects.cohere.stream"

---@type Dialect
return {
  name = "cohere_v2",
  raw_keys = { parameters = true, schema = true, documents = true },
  refuses = params.refuses,
  request = request.build,
  response = response.translate,
  failure = failure.of_answer,
  stream = stream.open,
  event = stream.event,
  finish = stream.finish,
  usage = stream.usage,
  surfaces = { embeddings = embed, rerank = rerank },
}
