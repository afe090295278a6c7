-- SPDX-License-Identifier: Apache-2.0
--- Text Generation Inference's own API, /generate and /generate_stream: one prompt in, one text out. The parts are in
--- tgi/. The same servers have a chat route in OpenAI's shape, which is the provider `tgi`.

local params = require "providers.dialects.neutral.params"
local request = require "providers.dialects.tgi.request"
local response = require "providers.dialects.tgi.response"
local statuses = require "providers.dialects.neutral.statuses"
local stream = require "providers.dialects.tgi.stream"

---@type Dialect
return {
  name = "tgi_generate",
  refuses = params.refuses,
  request = request.build,
  response = response.translate,
  failure = statuses.of_answer,
  stream = stream.open,
  event = stream.event,
  finish = stream.finish,
  usage = stream.usage,
}
