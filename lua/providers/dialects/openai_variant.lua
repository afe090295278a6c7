-- SPDX-License-Identifier: Apache-2.0
--- OpenAI's wire format with differences that an answer shows: it is decoded, made OpenAI's, and encoded. Providers
--- whose answers are OpenAI's own speak openai_chat, which passes bytes on.

local failure = require "providers.dialects.openai.failure"
local parameters = require "providers.dialects.openai.parameters"
local request = require "providers.dialects.openai.request"
local response = require "providers.dialects.openai.response"
local stream = require "providers.dialects.openai.stream"

---@param call DialectCall
---@param provider Provider
---@return DialectRequest? request, Failure? failure
local function build(call, provider)
  return request.build(call, provider)
end

---@type Dialect
return {
  name = "openai_variant",
  raw_keys = { parameters = true, schema = true },
  refuses = parameters.refuses,
  request = build,
  response = response.translate,
  failure = failure.of_answer,
  first_failure = failure.first,
  stream = stream.open,
  event = stream.event,
  finish = stream.finish,
  usage = stream.usage,
}
