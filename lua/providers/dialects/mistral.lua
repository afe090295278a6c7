-- SPDX-License-Identifier: Apache-2.0
--- Mistral's API: OpenAI's format with strict bodies and contents in parts, speech as JSON, moderations without a
--- verdict. The parts are in mistral/ and openai/.

local failure = require "providers.dialects.openai.failure"
local moderations = require "providers.dialects.mistral.moderations"
local parameters = require "providers.dialects.openai.parameters"
local request = require "providers.dialects.mistral.request"
local response = require "providers.dialects.openai.response"
local speech = require "providers.dialects.mistral.speech"
local stream = require "providers.dialects.openai.stream"

---@type Dialect
return {
  name = "mistral",
  raw_keys = { parameters = true, schema = true },
  refuses = parameters.refuses,
  request = request.build,
  response = response.translate,
  failure = failure.of_answer,
  first_failure = failure.first,
  stream = stream.open,
  event = stream.event,
  finish = stream.finish,
  usage = stream.usage,
  surfaces = { speech = speech, moderations = moderations },
}
