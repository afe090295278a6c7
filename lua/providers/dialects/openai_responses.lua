-- SPDX-License-Identifier: Apache-2.0
--- OpenAI's Responses API: upstream for models that know nothing else, and as a face for clients that speak it. The
--- parts are in openai_responses/, one noun each; request, response and stream are the upstream's, ask, answer and flow
--- the face's.

local face = require "providers.dialects.openai_responses.face"
local failure = require "providers.dialects.openai.failure"
local request = require "providers.dialects.openai_responses.request"
local response = require "providers.dialects.openai_responses.response"
local stream = require "providers.dialects.openai_responses.stream"

---@type Dialect
return {
  name = "openai_responses",
  raw_keys = { parameters = true, schema = true },
  refuses = request.refuses,
  request = request.build,
  response = response.translate,
  failure = failure.of_answer,
  first_failure = stream.first_failure,
  stream = stream.open,
  event = stream.event,
  finish = stream.finish,
  usage = stream.usage,
  faces = { responses = face },
}
