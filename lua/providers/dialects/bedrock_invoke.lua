-- SPDX-License-Identifier: Apache-2.0
--- Claude on AWS Bedrock through InvokeModel: Anthropic's Messages API in Bedrock's frames.

local claude = require "providers.dialects.bedrock.claude"
local count = require "providers.dialects.bedrock.count"
local failure = require "providers.dialects.bedrock.failure"
local params = require "providers.dialects.neutral.params"
local response = require "providers.dialects.anthropic.response"
local stream = require "providers.dialects.anthropic.stream"

local RAW_KEYS = { parameters = true, schema = true }

---@type Dialect
return {
  name = "bedrock_invoke",
  raw_keys = RAW_KEYS,
  framing = "eventstream",
  refuses = params.refuses,
  request = claude.build,
  response = response.translate,
  failure = failure.of_answer,
  first_failure = failure.of_event,
  stream = stream.open,
  event = claude.event,
  finish = stream.finish,
  usage = stream.usage,
  surfaces = {
    count_tokens = { raw_keys = RAW_KEYS, request = claude.build_count, response = count.response },
  },
}
