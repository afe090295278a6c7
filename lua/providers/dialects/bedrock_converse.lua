-- SPDX-License-Identifier: Apache-2.0
--- AWS Bedrock: the Converse API for chat, InvokeModel for embeddings and images, the agent runtime for rerank. The
--- parts are in bedrock/, one noun each.

local count = require "providers.dialects.bedrock.count"
local embeddings = require "providers.dialects.bedrock.embeddings"
local failure = require "providers.dialects.bedrock.failure"
local images = require "providers.dialects.bedrock.images"
local params = require "providers.dialects.neutral.params"
local request = require "providers.dialects.bedrock.request"
local rerank = require "providers.dialects.bedrock.rerank"
local response = require "providers.dialects.bedrock.response"
local stream = require "providers.dialects.bedrock.stream"

local RAW_KEYS = { parameters = true, schema = true }

---@type Dialect
return {
  name = "bedrock_converse",
  raw_keys = RAW_KEYS,
  framing = "eventstream",
  refuses = params.refuses,
  request = request.build,
  response = response.translate,
  failure = failure.of_answer,
  first_failure = failure.of_event,
  stream = stream.open,
  event = stream.event,
  finish = stream.finish,
  usage = stream.usage,
  surfaces = {
    embeddings = embeddings,
    images = images,
    rerank = rerank,
    count_tokens = { raw_keys = RAW_KEYS, request = count.request, response = count.response },
  },
}
