-- SPDX-License-Identifier: Apache-2.0
--- AI21's Jamba: OpenAI's format with a short list of members, texts only, and answers with gaps.

local failure = require "providers.dialects.neutral.failure"
local parameters = require "providers.dialects.neutral.parameters"
local rules = require "providers.dialects.openai.parameters"
local request = require "providers.dialects.openai.request"
local response = require "providers.dialects.openai.response"
local statuses = require "providers.dialects.neutral.statuses"
local stream = require "providers.dialects.openai.stream"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

-- All that the vendor takes.
local TAKEN = {
  model = true, messages = true, max_tokens = true, temperature = true, top_p = true, stop = true, n = true,
  stream = true, tools = true, response_format = true, documents = true,
}

--- The vendor knows json_object; a schema is told in words.
local function add_format(body)
  local format, problem = parameters.format(body)
  if problem or not format or format.kind == "json_object" then return problem end
  body.response_format = { type = "json_object" }
  local sentence = "Answer with one JSON object that fits this JSON Schema: " .. format.text
  table.insert(body.messages, 1, { role = "system", content = sentence })
  return nil
end

local function check_texts(messages)
  for i, message in ipairs(messages) do
    if type(typed(message, "content", "table")) == "table" then
      return failure.request("this model accepts text only", ("messages[%d].content"):format(i - 1),
        "unsupported_content")
    end
  end
  return nil
end

local function adjust(body, call)
  for name in pairs(body) do
    if not TAKEN[name] then body[name] = nil end
  end
  if call.stream and member(body, "n") ~= nil and typed(body, "n", "number") ~= 1 then -- unverified
    return failure.request("n must be 1 in a stream of this provider", "n", "unsupported_parameter")
  end
  local choice = member(call.request, "tool_choice")
  if choice == "none" then body.tools = nil end
  return check_texts(body.messages) or add_format(body)
end

---@param call DialectCall
---@param provider Provider
---@return DialectRequest? request, Failure? failure
local function build(call, provider)
  return request.build(call, provider, adjust)
end

---@type Dialect
return {
  name = "ai21",
  raw_keys = { parameters = true, schema = true },
  refuses = rules.refuses,
  request = build,
  response = response.translate,
  failure = statuses.of_answer,
  stream = stream.open,
  event = stream.event,
  finish = stream.finish,
  usage = stream.usage,
}
