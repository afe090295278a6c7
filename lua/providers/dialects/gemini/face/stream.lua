-- SPDX-License-Identifier: Apache-2.0
--- OpenAI's chunks as a stream of generateContent: each piece an answer with what is new. Calls are told once they are
--- whole. A client that does not ask for events gets one JSON array, piece by piece.

local json = require "gateway.json"

local answer = require "providers.dialects.gemini.face.answer"
local failing = require "providers.dialects.gemini.face.failure"
local neutral = require "providers.dialects.neutral.failure"
local usages = require "providers.dialects.neutral.usage"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

---@class GeminiFaceStream
---@field context FaceContext
---@field events boolean
---@field content_type string? of the answer, when that is not events
---@field model string?
---@field id string?
---@field choices table<integer, GeminiFaceChoice>
---@field usage any OpenAI's
---@field pieces integer how many are out
---@field over boolean

---@class GeminiFaceChoice
---@field calls table<integer, GeminiFaceCall>
---@field most integer the highest index of a call, -1: none
---@field reason string?

---@class GeminiFaceCall a call whose arguments still come
---@field id string?
---@field name string?
---@field arguments string[]
---@field extra_content table?

---@param context FaceContext
---@return GeminiFaceStream
local function open(context)
  local facts = context.facts or {}
  local events = facts.sse ~= false
  return {
    context = context, events = events, content_type = not events and "application/json" or nil, choices = {},
    pieces = 0, over = false,
  }
end

--- One object as it stands in the stream.
local function written(state, object)
  local text = json.encode(object)
  state.pieces = state.pieces + 1
  if state.events then return "data: " .. text .. "\r\n\r\n" end
  return (state.pieces == 1 and "[" or ",\r\n") .. text
end

local function piece(state, candidates, usage)
  return written(state, {
    candidates = json.array(candidates), usageMetadata = answer.counters(usage),
    modelVersion = state.model or state.context.model, responseId = state.id,
  })
end

local function candidate(index, parts, more)
  local made = { content = { role = "model", parts = json.array(parts) }, index = index }
  for name, field in pairs(more or {}) do made[name] = field end
  return made
end

local function choice_at(state, index)
  local choice = state.choices[index]
  if not choice then
    choice = { calls = {}, most = -1 }
    state.choices[index] = choice
  end
  return choice
end

local function take_call(choice, entry)
  local index = typed(entry, "index", "number") or choice.most + 1
  local call = choice.calls[index]
  if not call then
    call = { arguments = {} }
    choice.calls[index], choice.most = call, math.max(choice.most, index)
  end
  local spec = typed(entry, "function", "table")
  call.id = call.id or typed(entry, "id", "string")
  call.name = call.name or typed(spec, "name", "string")
  call.extra_content = call.extra_content or typed(entry, "extra_content", "table")
  call.arguments[#call.arguments + 1] = typed(spec, "arguments", "string")
end

--- All calls, each a piece of its own: only now is it known that none gets more.
local function tell_calls(state, index, choice)
  local list = {}
  for _, at in ipairs(value.positions(choice.calls)) do
    local call = choice.calls[at]
    local part = answer.call_part {
      id = call.id, extra_content = call.extra_content,
      ["function"] = { name = call.name, arguments = table.concat(call.arguments) },
    }
    list[#list + 1] = part and piece(state, { candidate(index, { part }) })
  end
  choice.calls, choice.most = {}, -1
  return table.concat(list)
end

local function take_choice(state, entry)
  local index = typed(entry, "index", "number") or 0
  local choice = choice_at(state, index)
  if choice.reason then return "" end
  local delta, parts, bytes = typed(entry, "delta", "table") or {}, {}, ""
  answer.append(parts, delta)
  answer.sign(parts, delta)
  for _, call in ipairs(typed(delta, "tool_calls", "table") or {}) do take_call(choice, call) end
  local logged = answer.logprobs(entry)
  if #parts > 0 or logged then
    bytes = piece(state, { candidate(index, parts, { logprobsResult = logged }) })
  end
  choice.reason = value.reason(entry)
  return choice.reason and bytes .. tell_calls(state, index, choice) or bytes
end

local function fail(state, failure)
  state.over = true
  local _, body = failing.object(failure)
  local bytes = written(state, body)
  return state.events and bytes or bytes .. "]"
end

local function failed(state, found)
  return fail(state, {
    message = type(found) == "string" and found or typed(found, "message", "string"),
    type = typed(found, "type", "string"), code = typed(found, "code", "string"),
  })
end

--- One chunk.
---@param state GeminiFaceStream
---@param payload string its JSON
---@return string bytes maybe none
local function event(state, payload)
  if state.over then return "" end
  local chunk = json.decode(payload)
  if type(chunk) ~= "table" then return "" end
  if member(chunk, "error") ~= nil then return failed(state, chunk.error) end
  state.model, state.id = state.model or typed(chunk, "model", "string"), state.id or answer.id_of(chunk)
  state.usage = member(chunk, "usage") or state.usage
  local list = {}
  for _, choice in ipairs(typed(chunk, "choices", "table") or {}) do
    list[#list + 1] = take_choice(state, choice)
  end
  return table.concat(list)
end

--- The last piece has the reasons and the counters.
local function last(state, usage)
  local candidates = {}
  for _, index in ipairs(value.positions(state.choices)) do
    local reason = answer.reason(state.choices[index].reason)
    candidates[#candidates + 1] = candidate(index, { { text = "" } }, { finishReason = reason })
  end
  return piece(state, candidates, usage)
end

local function is_whole(state)
  for _, choice in pairs(state.choices) do
    if not choice.reason then return false end
  end
  return next(state.choices) ~= nil
end

--- The body has ended.
---@param state GeminiFaceStream
---@param usage Usage?
---@return string bytes
local function finish(state, usage)
  if state.over then return "" end
  if not is_whole(state) then return fail(state, neutral.truncated()) end
  state.over = true
  local counted = usage and usage.prompt_tokens and usage.completion_tokens and usages.render(usage) or nil
  local bytes = last(state, state.usage or counted)
  return state.events and bytes or bytes .. "]"
end

--- The stream has broken.
---@param state GeminiFaceStream
---@param failure Failure
---@return string bytes
local function broken(state, failure)
  if state.over then return "" end
  return fail(state, failure)
end

return { open = open, event = event, finish = finish, broken = broken }
