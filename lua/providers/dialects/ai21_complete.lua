-- SPDX-License-Identifier: Apache-2.0
--- AI21's older models (J2): one joined prompt to /{model}/complete, no stream. Body and answer are unverified.

local failure = require "providers.dialects.neutral.failure"
local ids = require "providers.dialects.neutral.ids"
local json = require "gateway.json"
local parameters = require "providers.dialects.neutral.parameters"
local params = require "providers.dialects.neutral.params"
local path = require "providers.dialects.neutral.path"
local prompt = require "providers.dialects.neutral.prompt"
local refusal = require "providers.dialects.neutral.refusal"
local reply = require "providers.dialects.neutral.reply"
local statuses = require "providers.dialects.neutral.statuses"
local value = require "providers.dialects.neutral.value"

local typed = value.typed

-- OpenAI's name and AI21's; of two for one the later wins.
local NUMBERS = {
  { "temperature", "temperature" }, { "top_p", "topP" }, { "max_tokens", "maxTokens" },
  { "max_completion_tokens", "maxTokens" },
}

local function add_parameters(request, body)
  for _, names in ipairs(NUMBERS) do
    local number, problem = parameters.number(request, names[1])
    if problem then return problem end
    if number then body[names[2]] = request[names[1]] end
  end
  local stops, bad_stop = parameters.stops(request)
  if not stops then return bad_stop end
  if #stops > 0 then body.stopSequences = stops end
  return nil
end

---@param call DialectCall
---@return DialectRequest? request, Failure? failure
local function build(call)
  local problem = refusal.without_tools(call.request)
  if problem then return nil, problem end
  if call.stream then
    return nil, failure.request("this model does not stream", "stream", "unsupported_parameter")
  end
  local turns, bad_message = prompt.texts_of(call.request.messages)
  if not turns then return nil, bad_message end
  local body = { prompt = prompt.rendered(turns, prompt.LINES), numResults = 1 }
  problem = add_parameters(call.request, body)
  if problem then return nil, problem end
  return { path = path.fill("/{model}/complete", call.model), body = json.encode(body) }
end

local function count(tokens)
  return type(tokens) == "table" and #tokens or 0
end

---@param call DialectCall
---@param text string
---@return string? text, Usage|Failure|nil
local function translate(call, text)
  local answer = json.decode(text)
  local completion = (typed(answer, "completions", "table") or {})[1]
  local data = typed(completion, "data", "table")
  local said = typed(data, "text", "string")
  if not said then return nil, failure.answer("the upstream provider's answer holds no completion") end
  local counts = {
    prompt_tokens = count(value.member(typed(answer, "prompt", "table"), "tokens")),
    completion_tokens = count(value.member(data, "tokens")),
  }
  local reason = typed(typed(completion, "finishReason", "table"), "reason", "string")
  local id = ids.of_answer(typed(answer, "id", "string"))
  local envelope = { id = id, created = call.created, model = call.model }
  local message = { role = "assistant", content = said, refusal = json.null }
  return reply.whole(envelope, message, reason == "length" and "length" or "stop", counts), counts
end

local NOTHING = {}

--- Nothing streams here: `build` has refused it.
local function open()
  return { done = false }
end

local function event()
  return NOTHING
end

local function finish()
  return nil, failure.truncated()
end

---@type Dialect
return {
  name = "ai21_complete",
  refuses = params.refuses,
  request = build,
  response = translate,
  failure = statuses.of_answer,
  stream = open,
  event = event,
  finish = finish,
  usage = function() return nil end,
}
