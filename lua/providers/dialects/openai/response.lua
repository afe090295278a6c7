-- SPDX-License-Identifier: Apache-2.0
--- A whole answer of one of OpenAI's relatives as a `chat.completion`: gaps filled, words made OpenAI's, everything
--- else kept.

local calls = require "providers.dialects.openai.calls"
local citations = require "providers.dialects.openai.citations"
local content = require "providers.dialects.openai.content"
local failure = require "providers.dialects.neutral.failure"
local faults = require "providers.dialects.openai.failure"
local ids = require "providers.dialects.neutral.ids"
local json = require "gateway.json"
local reasons = require "providers.dialects.openai.reasons"
local statuses = require "providers.dialects.neutral.statuses"
local usage = require "providers.dialects.openai.usage"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

-- MiniMax says in a 200 that it failed.
local BASE_RESP = {
  [1002] = { kind = 429 }, [1004] = { kind = 401 }, [1008] = { kind = 402 }, [1027] = { filter = true },
  [1039] = { kind = 429 }, [2013] = { kind = 400 },
}

local function base_resp_failure(answer)
  local held = typed(answer, "base_resp", "table")
  local code = typed(held, "status_code", "number")
  if not code or code == 0 then return nil end
  local words, known = typed(held, "status_msg", "string"), BASE_RESP[code] or {}
  if known.filter then return statuses.made(statuses.FILTER, words) end
  return statuses.made(statuses.kind_of(known.kind or 500, words), words)
end

--- An error in an answer with a good status; nil when it is none.
---@param answer any decoded
---@param text string
---@return Failure?
local function hidden_failure(answer, text)
  if type(answer) ~= "table" then return failure.answer("the upstream provider's answer is not JSON") end
  local failed = base_resp_failure(answer)
  if failed then return failed end
  if member(answer, "choices") == nil and member(answer, "error") ~= nil then return faults.of_event(answer, text) end
  return nil
end

local function choice_failure(choice)
  local reason = typed(choice, "finish_reason", "string")
  if not reasons.is_failure(reason) then return nil end
  return statuses.made(statuses.FAULT, "the upstream provider ended the answer with " .. reason)
end

local function settle_choice(choice, index, answer)
  local message = typed(choice, "message", "table") or {}
  choice.message, choice.index = message, typed(choice, "index", "number") or index - 1
  message.role = typed(message, "role", "string") or "assistant"
  content.settle(message)
  local has_calls = calls.settle(message)
  message.content = message.content or json.null
  if member(message, "refusal") == nil then message.refusal = json.null end
  if not typed(message, "annotations", "table") then message.annotations = citations.of(answer, message.content) end
  choice.finish_reason = reasons.of(typed(choice, "finish_reason", "string"), has_calls)
  if choice.logprobs == nil then choice.logprobs = json.null end
  choice.delta = nil
end

--- Fills what OpenAI's clients look for.
---@param answer table
---@param call DialectCall
local function fill(answer, call)
  answer.id = typed(answer, "id", "string") or ids.of_answer()
  answer.created = typed(answer, "created", "number") and answer.created or call.created
  answer.model = typed(answer, "model", "string") or call.model
end

local function choices_of(answer)
  local choices = typed(answer, "choices", "table")
  if not choices or choices[1] == nil then
    return nil, failure.answer("the upstream provider's answer is not a completion")
  end
  for i, choice in ipairs(choices) do
    if type(choice) ~= "table" then return nil, failure.answer("the upstream provider's answer is not a completion") end
    local failed = choice_failure(choice)
    if failed then return nil, failed end
    settle_choice(choice, i, answer)
  end
  return choices
end

--- Translates the answer.
---@param call DialectCall
---@param text string
---@return string? text, Usage|Failure|nil
local function translate(call, text)
  local answer = json.decode(text)
  local failed = hidden_failure(answer, text)
  if failed then return nil, failed end
  local choices, problem = choices_of(answer)
  if not choices then return nil, problem end
  fill(answer, call)
  answer.object, answer.meta = "chat.completion", nil
  local rendered, counts = usage.read(member(answer, "usage"))
  answer.usage = rendered
  local made = json.encode(answer)
  if not made then return nil, failure.answer("the upstream provider's answer is not a completion") end
  return made, counts
end

return { translate = translate, hidden_failure = hidden_failure, choice_failure = choice_failure, fill = fill }
