-- SPDX-License-Identifier: Apache-2.0
--- OpenAI's chunks as a stream of Anthropic's events. One block is open at a time; calls that come at once wait for
--- each other (face_calls.lua). The end waits for the token counts, which come last.

local json = require "gateway.json"

local calls = require "providers.dialects.anthropic.face.calls"
local counts = require "providers.dialects.anthropic.face.counts"
local events = require "providers.dialects.anthropic.face.events"
local failing = require "providers.dialects.anthropic.face.failure"
local mended = require "providers.dialects.neutral.mended"
local neutral = require "providers.dialects.neutral.failure"
local stop = require "providers.dialects.anthropic.face.stop"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

---@class FaceStream
---@field context FaceContext
---@field writer EventWriter
---@field calls FaceCalls
---@field begun boolean message_start is out
---@field reason string? finish_reason
---@field usage table? the last counters
---@field held table[] what came while a call was not whole yet
---@field over boolean an error or the end is out

---@param context FaceContext
---@return FaceStream
local function open(context)
  local writer = events.new()
  return { context = context, writer = writer, calls = calls.new(writer), begun = false, over = false, held = {} }
end

local function begin(state, chunk)
  if state.begun then return end
  state.begun = true
  events.put(state.writer, "message_start", {
    type = "message_start", message = {
      id = stop.message_id(typed(chunk, "id", "string")), type = "message", role = "assistant",
      model = typed(chunk, "model", "string") or state.context.model, content = json.array {},
      stop_reason = json.null, stop_sequence = json.null, usage = counts.of_neutral(nil),
    },
  })
end

--- Writes something that is no call, once no call is in the way.
local function perform(state, verb, a, b)
  if #state.held == 0 and calls.leave(state.calls) then return events[verb](state.writer, a, b) end
  state.held[#state.held + 1] = { verb, a, b }
end

local function say(state, kind, text)
  if text ~= "" then perform(state, "text", kind, text) end
end

--- Writes what was held, if it may.
local function release(state)
  local held = state.held
  if #held == 0 or not calls.leave(state.calls) then return end
  state.held = {}
  for _, entry in ipairs(held) do events[entry[1]](state.writer, entry[2], entry[3]) end
end

--- The texts of a content that is a list of parts, by their kind.
local function add_parts(state, list)
  for _, part in ipairs(list) do
    local kind = typed(part, "type", "string")
    local text = member(part, "text") or member(part, "thinking")
    if kind == "thinking" and type(text) == "table" then text = typed(text[1], "text", "string") end
    if type(text) == "string" then say(state, kind == "thinking" and "thinking" or "text", text) end
  end
end

local function reasoning_of(delta)
  return typed(delta, "reasoning_content", "string") or typed(delta, "reasoning", "string")
    or typed(delta, "thinking", "string")
end

local function signature_of(delta)
  local google = typed(typed(delta, "extra_content", "table"), "google", "table")
  return typed(google, "thought_signature", "string")
end

local function add_text(state, delta)
  local content = delta.content
  if type(content) == "table" then
    add_parts(state, content)
  elseif type(content) == "string" then
    say(state, "text", content)
  end
  local refusal = typed(delta, "refusal", "string")
  if refusal then say(state, "text", refusal) end
end

local function add_delta(state, delta)
  local reasoning, signature = reasoning_of(delta), signature_of(delta)
  if reasoning then say(state, "thinking", reasoning) end
  for _, block in ipairs(typed(delta, "thinking_blocks", "table") or {}) do perform(state, "signed", block) end
  add_text(state, delta)
  if signature then perform(state, "foreign", signature) end
  local list, legacy = typed(delta, "tool_calls", "table"), typed(delta, "function_call", "table")
  if list then calls.add(state.calls, list) end
  if legacy then calls.add(state.calls, { { index = 0, ["function"] = legacy } }) end
  release(state)
end

local function read_choice(state, choice)
  local delta = typed(choice, "delta", "table") or typed(choice, "message", "table")
  if delta and not state.reason then add_delta(state, delta) end
  local reason = value.reason(choice)
  if not reason or state.reason then return end
  state.reason = reason
  calls.finish(state.calls)
  release(state)
  events.close(state.writer)
end

--- Only the first of several choices has a place in Anthropic's format.
local function first(choices)
  for _, choice in ipairs(choices) do
    if (typed(choice, "index", "number") or 0) == 0 then return choice end
  end
  return nil
end

local function fail(state, failure)
  state.over = true
  return failing.event(failure)
end

local function failed(state, chunk)
  local found = chunk.error
  local message = type(found) == "string" and found or typed(found, "message", "string")
  return fail(state, {
    message = message or "The upstream reported an error inside its stream.",
    type = typed(found, "type", "string"), code = typed(found, "code", "string"),
  })
end

--- One chunk.
---@param state FaceStream
---@param payload string its JSON
---@return string bytes maybe none
local function event(state, payload)
  if state.over then return "" end
  local chunk = mended.decode(payload)
  if type(chunk) ~= "table" then return "" end
  if member(chunk, "error") ~= nil then return failed(state, chunk) end
  local choice = first(typed(chunk, "choices", "table") or {})
  if choice then
    begin(state, chunk)
    read_choice(state, choice)
  end
  state.usage = counts.of_openai(chunk.usage) or state.usage
  return events.taken(state.writer)
end

--- The body has ended: the end of the message, or the error that it is when nothing said why.
---@param state FaceStream
---@param usage Usage?
---@return string bytes
local function finish(state, usage)
  if state.over then return "" end
  if not state.reason then return fail(state, neutral.truncated()) end
  state.over = true
  local writer = state.writer
  events.put(writer, "message_delta", {
    type = "message_delta",
    delta = { stop_reason = stop.reason(state.reason, state.calls.count > 0), stop_sequence = json.null },
    usage = state.usage or counts.of_neutral(usage),
  })
  events.put(writer, "message_stop", { type = "message_stop" })
  return events.taken(writer)
end

--- The stream has broken.
---@param state FaceStream
---@param failure Failure
---@return string bytes
local function broken(state, failure)
  if state.over then return "" end
  return fail(state, failure)
end

return { open = open, event = event, finish = finish, broken = broken }
