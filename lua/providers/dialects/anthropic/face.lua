-- SPDX-License-Identifier: Apache-2.0
--- Clients that speak Anthropic's Messages API, in front of any provider.

local json = require "gateway.json"

local answer = require "providers.dialects.anthropic.face.answer"
local failing = require "providers.dialects.anthropic.face.failure"
local forward = require "providers.dialects.anthropic.face.forward"
local reading = require "providers.dialects.anthropic.face.read"
local request = require "providers.dialects.anthropic.face.request"
local stream = require "providers.dialects.anthropic.face.stream"
local value = require "providers.dialects.neutral.value"

-- The order and the spelling of numbers in arguments and schemas are the client's.
local RAW_KEYS = { input = true, input_schema = true, schema = true }

--- `max_tokens` 0 only warms Anthropic's cache: others need not be asked.
local function chat_request(context)
  if context.facts and context.facts.max_tokens == 0 then return nil, nil, answer.empty(context) end
  return request.chat(context)
end

--- A count of OpenAI's form has the very member that clients read.
local function counted(_, text)
  local count = value.typed(json.decode(text), "input_tokens", "number")
  return count and ('{"input_tokens":%d}'):format(count) or nil
end

---@type Face
local messages = {
  endpoint = "messages", surface = "chat", raw_keys = RAW_KEYS,
  read = reading.message, forward = forward.message, request = chat_request, response = answer.message,
  failure = failing.answer, stream = stream.open, event = stream.event, finish = stream.finish,
  broken = stream.broken,
}

---@type Face
local count_tokens = {
  endpoint = "count_tokens", surface = "count_tokens", raw_keys = RAW_KEYS,
  read = reading.count, forward = forward.count, request = request.chat, response = counted,
  failure = failing.answer,
}

return { messages = messages, count_tokens = count_tokens }
