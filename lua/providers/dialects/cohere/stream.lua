-- SPDX-License-Identifier: Apache-2.0
--- A stream of Cohere's chat API as OpenAI chunks.

local ending = require "providers.dialects.neutral.ending"
local failure = require "providers.dialects.neutral.failure"
local faults = require "providers.dialects.cohere.failure"
local json = require "gateway.json"
local reply = require "providers.dialects.neutral.reply"
local response = require "providers.dialects.cohere.response"
local usage = require "providers.dialects.cohere.usage"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

local NOTHING = {}

---@class CohereStream
---@field done boolean the vendor's last event has come: nothing may follow
---@field call DialectCall
---@field chunks Chunks? made by message-start
---@field calls integer tool calls so far
---@field open table<integer, OpenCall> by the vendor's index
---@field counts Usage?

---@class OpenCall
---@field index integer ours
---@field empty boolean no argument has come yet

---@param call DialectCall
---@return CohereStream
local function open(call)
  return { done = false, call = call, calls = 0, open = {} }
end

local function message_of(event)
  return typed(typed(event, "delta", "table"), "message", "table")
end

local function begin(state, event)
  if state.chunks then return NOTHING end
  state.chunks = reply.chunks(response.envelope_of(event, state.call))
  return { reply.delta(state.chunks, { role = "assistant", content = "" }) }
end

local function text_payload(state, name, text)
  if not text or text == "" then return NOTHING end
  return { reply.text_delta(state.chunks, name, text) }
end

--- A piece of a content block says by its member what it is.
local function content(state, event)
  local piece = typed(message_of(event), "content", "table")
  local thinking = typed(piece, "thinking", "string")
  if thinking then return text_payload(state, "reasoning_content", thinking) end
  return text_payload(state, "content", typed(piece, "text", "string"))
end

local function plan(state, event)
  return text_payload(state, "reasoning_content", typed(message_of(event), "tool_plan", "string"))
end

local function add_arguments(state, opened, text)
  if not text or text == "" then return NOTHING end
  opened.empty = false
  return { reply.arguments(state.chunks, opened.index, text) }
end

local function call_start(state, event)
  local given = typed(message_of(event), "tool_calls", "table")
  local spec = typed(given, "function", "table")
  local opened = { index = state.calls, empty = true }
  state.calls = state.calls + 1
  state.open[typed(event, "index", "number") or opened.index] = opened
  local payloads = { reply.delta(state.chunks, { tool_calls = json.array { {
    index = opened.index, id = typed(given, "id", "string") or "call_" .. opened.index, type = "function",
    ["function"] = { name = typed(spec, "name", "string") or "", arguments = "" },
  } } }) }
  payloads[2] = add_arguments(state, opened, typed(spec, "arguments", "string"))[1]
  return payloads
end

local function call_of(state, event)
  return state.open[typed(event, "index", "number") or state.calls - 1]
end

--- `null` in place of arguments means none; call_end then says `{}`.
local function call_delta(state, event)
  local opened = call_of(state, event)
  local given = typed(message_of(event), "tool_calls", "table")
  local text = typed(typed(given, "function", "table"), "arguments", "string")
  if not opened or opened.empty and text and text:find "^%s*null%s*$" then return NOTHING end
  return add_arguments(state, opened, text)
end

local function call_end(state, event)
  local opened = call_of(state, event)
  if not opened or not opened.empty then return NOTHING end
  return add_arguments(state, opened, "{}")
end

local function message_end(state, event)
  local delta = typed(event, "delta", "table")
  state.counts = usage.neutral(member(delta, "usage")) or state.counts
  local reason = typed(delta, "finish_reason", "string")
  local failed = faults.of_reason(reason, typed(delta, "error", "string"))
  if failed then return nil, failed end
  state.done = true
  local payloads = state.chunks and {} or begin(state, event)
  payloads[#payloads + 1] = reply.finish(state.chunks, response.reason_of(reason, state.calls > 0))
  if state.counts and state.call.include_usage then
    payloads[#payloads + 1] = reply.counted(state.chunks, state.counts)
  end
  return payloads
end

local EVENTS = {
  ["content-start"] = content,
  ["content-delta"] = content,
  ["tool-plan-delta"] = plan,
  ["tool-call-start"] = call_start,
  ["tool-call-delta"] = call_delta,
  ["tool-call-end"] = call_end,
  ["message-end"] = message_end,
}

--- One event of the vendor. Once the stream is done the rest is ignored, [DONE] too.
---@param state CohereStream
---@param _ string the event's name: its data repeats it as `type`
---@param data string
---@return string[]? payloads, Failure? failure
local function event(state, _, data)
  if state.done or data == "" then return NOTHING end
  if data == "[DONE]" then return nil, failure.truncated() end
  local decoded = json.decode(data)
  if type(decoded) ~= "table" then return nil, failure.answer("an event of the upstream provider is not JSON") end
  if decoded.type == "message-start" then return begin(state, decoded) end
  if not decoded.type and typed(decoded, "message", "string") then return nil, faults.of_answer(500, {}, data) end
  local handle = EVENTS[decoded.type]
  if not handle then return NOTHING end
  if not state.chunks and handle ~= message_end then
    return nil, failure.answer("the upstream provider's stream does not begin with a message")
  end
  return handle(state, decoded)
end

return { open = open, event = event, finish = ending.finish, usage = ending.usage }
