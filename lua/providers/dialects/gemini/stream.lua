-- SPDX-License-Identifier: Apache-2.0
--- A stream of generateContent as OpenAI chunks. Each event is an answer with the new parts only; nothing says that it
--- was the last one but the end of the body.

local json = require "gateway.json"

local failure = require "providers.dialects.neutral.failure"
local faults = require "providers.dialects.gemini.failure"
local finish = require "providers.dialects.gemini.finish"
local grounding = require "providers.dialects.gemini.grounding"
local logprobs = require "providers.dialects.gemini.logprobs"
local partial = require "providers.dialects.gemini.partial"
local parts = require "providers.dialects.gemini.parts"
local reply = require "providers.dialects.neutral.reply"
local usage = require "providers.dialects.gemini.usage"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

local NOTHING = {}

---@class GeminiStream
---@field call DialectCall
---@field kept table
---@field envelope Envelope? of the first event
---@field choices table<integer, GeminiChoice>
---@field count integer how many choices there are
---@field counts Usage?
---@field blocked string? why the prompt was not answered
---@field done boolean never true: usage may come behind the reason, only the body's end ends it

---@class GeminiChoice
---@field chunks Chunks
---@field begun boolean its role has been told
---@field useful boolean something but reasoning came
---@field calls integer tool calls so far
---@field images integer
---@field reason string? the vendor's
---@field last table? the candidate with the reason
---@field open PartialCall? a call whose arguments still come
---@field texts string[]? the text so far, where sources may be told of it

---@param call DialectCall
---@return GeminiStream
local function open(call)
  return { done = false, call = call, kept = call.kept or {}, choices = {}, count = 0 }
end

local function envelope_of(state, answer)
  local call = state.call
  state.envelope = state.envelope or {
    id = "chatcmpl-" .. (typed(answer, "responseId", "string") or call.id or "unknown"), created = call.created,
    model = typed(answer, "modelVersion", "string") or call.requested_model or call.model,
  }
  return state.envelope
end

local function choice_at(state, index, answer)
  local choice = state.choices[index]
  if not choice then
    choice = {
      chunks = reply.chunks(envelope_of(state, answer), index), begun = false, useful = false, calls = 0, images = 0,
      texts = state.kept.grounded and {} or nil,
    }
    state.choices[index], state.count = choice, math.max(state.count, index + 1)
  end
  return choice
end

--- The role comes with the first thing that is said.
local function begin(choice, list)
  if choice.begun then return end
  choice.begun = true
  list[#list + 1] = reply.delta(choice.chunks, { role = "assistant", content = "" })
end

local function say(choice, list, payload)
  begin(choice, list)
  list[#list + 1] = payload
end

local function take_text(choice, list, piece, logged)
  if piece.text == "" and not logged then return end
  choice.useful = true
  if choice.texts then choice.texts[#choice.texts + 1] = piece.text end
  if logged then
    say(choice, list, reply.delta(choice.chunks, { content = piece.text }, logged))
  else
    say(choice, list, reply.text_delta(choice.chunks, "content", piece.text))
  end
end

local function take_reasoning(choice, list, piece)
  if piece.text ~= "" then say(choice, list, reply.text_delta(choice.chunks, "reasoning_content", piece.text)) end
end

local function open_call(choice, list, piece, names)
  local index = choice.calls
  choice.calls, choice.useful = index + 1, true
  say(choice, list, reply.delta(choice.chunks, { tool_calls = json.array { {
    index = index, id = parts.id_of(piece.call), type = "function",
    ["function"] = { name = parts.name_of(piece.call, names), arguments = "" },
    extra_content = parts.extra(piece.signature),
  } } }))
end

local function write_arguments(choice, list, text)
  say(choice, list, reply.arguments(choice.chunks, choice.calls - 1, text))
end

local function close_open(choice, list)
  if not choice.open then return end
  write_arguments(choice, list, partial.text(choice.open))
  choice.open = nil
end

--- A call comes whole, or (on Vertex, when a client asks for it) in pieces: then its arguments are told at the end.
local function take_call(choice, list, piece, names)
  local call = piece.call
  local going_on = typed(call, "willContinue", "boolean") == true
  if typed(call, "name", "string") then
    close_open(choice, list)
    open_call(choice, list, piece, names)
    if not going_on then return write_arguments(choice, list, parts.arguments_of(call)) end
    choice.open = partial.new()
  end
  if not choice.open then return end
  partial.add(choice.open, typed(call, "partialArgs", "table"))
  if not going_on then close_open(choice, list) end
end

local function take_image(choice, list, piece)
  choice.useful = true
  say(choice, list, reply.delta(choice.chunks, { images = json.array { parts.image(piece, choice.images) } }))
  choice.images = choice.images + 1
end

local function take_audio(choice, list, piece)
  choice.useful = true
  say(choice, list, reply.delta(choice.chunks, { audio = { data = piece.data } }))
end

local TAKE = {
  text = take_text, reasoning = take_reasoning, image = take_image, audio = take_audio, other = function() end,
}

local function take_signature(choice, list, piece)
  if piece.signature and piece.kind ~= "call" then
    say(choice, list, reply.delta(choice.chunks, { extra_content = parts.extra(piece.signature) }))
  end
end

--- Log probabilities stand beside the parts; they go with the first text.
local function take_parts(state, choice, candidate, list)
  local logged = logprobs.of_candidate(candidate)
  for _, part in ipairs(typed(typed(candidate, "content", "table"), "parts", "table") or NOTHING) do
    local piece = parts.read(part)
    if piece.kind == "call" then
      take_call(choice, list, piece, state.kept.names)
    else
      TAKE[piece.kind](choice, list, piece, piece.kind == "text" and logged or nil)
      if piece.kind == "text" then logged = nil end
    end
    take_signature(choice, list, piece)
  end
  if logged then say(choice, list, reply.delta(choice.chunks, {}, logged)) end
end

local function take_end(choice, candidate, list)
  local annotations = choice.texts and grounding.annotations(candidate, { table.concat(choice.texts) })
  if annotations then say(choice, list, reply.delta(choice.chunks, { annotations = annotations })) end
  local reason = typed(candidate, "finishReason", "string")
  if not reason then return nil end
  choice.reason, choice.last = reason, candidate
  local why = finish.refusal(candidate)
  if why then say(choice, list, reply.text_delta(choice.chunks, "refusal", why)) end
  return not choice.useful and finish.broken(reason, candidate) or nil
end

local function take_candidates(state, answer, list)
  for position, candidate in ipairs(typed(answer, "candidates", "table") or NOTHING) do
    local index = typed(candidate, "index", "number") or position - 1
    local choice = choice_at(state, index, answer)
    take_parts(state, choice, candidate, list)
    local broken = take_end(choice, candidate, list)
    if broken then return broken end
  end
  return nil
end

local function take_block(state, answer, list)
  local why = finish.blocked(answer)
  if not why or state.count > 0 then return end
  local choice = choice_at(state, 0, answer)
  choice.reason = "PROHIBITED_CONTENT"
  say(choice, list, reply.text_delta(choice.chunks, "refusal", why))
end

--- One event of the vendor.
---@param state GeminiStream
---@param _ string events have no names
---@param data string
---@return string[]? payloads, Failure? failure
local function event(state, _, data)
  if data == "" then return NOTHING end
  local answer = json.decode(data, parts.RAW)
  if type(answer) ~= "table" then return nil, failure.answer("an event of the upstream provider is not JSON") end
  if typed(answer[1] or answer, "error", "table") then return nil, faults.of_event(data) end
  state.counts = usage.update(state.counts, member(answer, "usageMetadata"))
  local list = {}
  local broken = take_candidates(state, answer, list)
  if broken then return nil, broken end
  take_block(state, answer, list)
  return list
end

local function close_choice(choice, list)
  close_open(choice, list)
  begin(choice, list)
  list[#list + 1] = reply.finish(choice.chunks, finish.reason(choice.reason, choice.calls > 0))
end

--- The body has ended: every choice must have said why it did.
---@param state GeminiStream
---@return string[]? payloads, Failure? failure
local function close(state)
  if state.count == 0 then return nil, failure.truncated() end
  local list = {}
  for index = 0, state.count - 1 do
    local choice = state.choices[index]
    if not choice or not choice.reason then return nil, failure.truncated() end
    close_choice(choice, list)
  end
  if state.counts and state.call.include_usage then
    list[#list + 1] = reply.counted(state.choices[0].chunks, state.counts)
  end
  return list
end

---@param state GeminiStream
---@return Usage?
local function counted(state)
  return state.counts
end

return { open = open, event = event, finish = close, usage = counted }
