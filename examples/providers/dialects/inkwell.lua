-- SPDX-License-Identifier: Apache-2.0
--- Inkwell's wire format, between OpenAI's chat and
---
---   POST /talk   {"model": "ink-1", "turns": [{"by": "user", "says": "Hi"}], "heat": 0.3, "most": 100, "live": true}
---   answer       {"says": "Hello", "why": "end", "spent": {"in": 3, "out": 5}}
---   stream       a line each: {"says": "Hel"}  {"says": "lo"}  {"why": "end", "spent": {"in": 3, "out": 5}}
---   error        {"wrong": "no such model"}, with a status, or as a line of a stream
---
--- A dialect is pure functions: what it needs arrives as arguments, what goes wrong is returned.

local ending = require "providers.dialects.neutral.ending"
local failure = require "providers.dialects.neutral.failure"
local ids = require "providers.dialects.neutral.ids"
local json = require "gateway.json"
local parameters = require "providers.dialects.neutral.parameters"
local params = require "providers.dialects.neutral.params"
local prompt = require "providers.dialects.neutral.prompt"
local refusal = require "providers.dialects.neutral.refusal"
local reply = require "providers.dialects.neutral.reply"
local statuses = require "providers.dialects.neutral.statuses"
local value = require "providers.dialects.neutral.value"

local typed = value.typed

local NOTHING = {}

-- Requests -----------------------------------------------------------------------------------------------------------

local function turns_of(request)
  local turns, problem = prompt.texts_of(request.messages)
  if not turns then return nil, problem end
  local list = json.array {}
  for i, turn in ipairs(turns) do list[i] = { by = turn.role, says = turn.text } end
  return list
end

--- Of two names for one thing the later wins.
local NUMBERS = { { "temperature", "heat" }, { "max_tokens", "most" }, { "max_completion_tokens", "most" } }

local function add_numbers(request, body)
  for _, names in ipairs(NUMBERS) do
    local number, problem = parameters.number(request, names[1])
    if problem then return problem end
    if number then body[names[2]] = number end
  end
  return nil
end

---@param call DialectCall
---@return DialectRequest? request, Failure? failure
local function build(call)
  local problem = refusal.without_tools(call.request)
  if problem then return nil, problem end
  local turns, bad_message = turns_of(call.request)
  if not turns then return nil, bad_message end
  local body = { model = call.model, turns = turns, live = call.stream }
  problem = add_numbers(call.request, body)
  if problem then return nil, problem end
  return { path = "/talk", body = json.encode(body) }
end

-- Answers ------------------------------------------------------------------------------------------------------------

local function usage_of(answer)
  local spent = typed(answer, "spent", "table")
  local read, written = typed(spent, "in", "number"), typed(spent, "out", "number")
  return read and written and { prompt_tokens = read, completion_tokens = written } or nil
end

local function reason_of(answer)
  return answer.why == "full" and "length" or "stop"
end

local function envelope_of(call)
  return { id = ids.of_answer(), created = call.created, model = call.model }
end

---@param call DialectCall
---@param text string
---@return string? text, Usage|Failure|nil
local function translate(call, text)
  local answer = json.decode(text)
  local said = typed(answer, "says", "string")
  if not said then return nil, failure.answer("the upstream provider's answer says nothing") end
  local counts = usage_of(answer)
  local message = { role = "assistant", content = said, refusal = json.null }
  return reply.whole(envelope_of(call), message, reason_of(answer), counts), counts
end

--- What a status other than 2xx means; the server's own words stay.
---@return Failure
local function failed(status, headers, text, now)
  local wrong = typed(json.decode(text or ""), "wrong", "string")
  return statuses.of_answer(status, headers, wrong and json.encode { message = wrong } or text, now)
end

-- Streams ------------------------------------------------------------------------------------------------------------

---@param call DialectCall
local function open(call)
  return { call = call, done = false }
end

local function begin(state, payloads)
  state.chunks = reply.chunks(envelope_of(state.call))
  payloads[1] = reply.delta(state.chunks, { role = "assistant", content = "" })
end

local function add_end(state, payloads, line)
  state.done, state.counts = true, usage_of(line)
  payloads[#payloads + 1] = reply.finish(state.chunks, reason_of(line))
  if state.counts and state.call.include_usage then
    payloads[#payloads + 1] = reply.counted(state.chunks, state.counts)
  end
end

--- One line of the server as chunks of OpenAI's.
---@return string[]? payloads, Failure? failure
local function event(state, _, data)
  if state.done or not data:find "%S" then return NOTHING end
  local line = json.decode(data)
  if not json.is_object(line) then return nil, failure.answer("a line of the upstream provider is no JSON object") end
  local wrong = typed(line, "wrong", "string")
  if wrong then return nil, statuses.made(statuses.FAULT, wrong) end
  local payloads = {}
  if not state.chunks then begin(state, payloads) end
  local said = typed(line, "says", "string")
  if said and said ~= "" then payloads[#payloads + 1] = reply.text_delta(state.chunks, "content", said) end
  if typed(line, "why", "string") then add_end(state, payloads, line) end
  return payloads
end

---@type Dialect
return {
  name = "inkwell",
  framing = "ndjson",
  refuses = params.refuses,
  request = build,
  response = translate,
  failure = failed,
  stream = open,
  event = event,
  finish = ending.finish, -- without its last line a stream is not complete, and never made to look so
  usage = ending.usage,
}
