-- SPDX-License-Identifier: Apache-2.0
--- Replicate's predictions: created, waited for, polled, streamed. The parts are in replicate/, one noun each.

local failure = require "providers.dialects.replicate.failure"
local images = require "providers.dialects.replicate.images"
local params = require "providers.dialects.neutral.params"
local request = require "providers.dialects.replicate.request"
local response = require "providers.dialects.replicate.response"
local stream = require "providers.dialects.replicate.stream"

---@type Dialect
return {
  name = "replicate",
  refuses = params.refuses,
  request = request.build,
  response = response.translate,
  failure = failure.of_answer,
  stream = stream.open,
  event = stream.event,
  finish = stream.finish,
  usage = stream.usage,
  surfaces = { images = images },
}
