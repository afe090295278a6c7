-- SPDX-License-Identifier: Apache-2.0
--- A Responses stream as chat chunks: one event in, the payloads it becomes out.

local ending = require "providers.dialects.neutral.ending"
local failure = require "providers.dialects.neutral.failure"
local faults = require "providers.dialects.openai_responses.faults"
local json = require "gateway.json"
local reply = require "providers.dialects.neutral.reply"
local response = require "providers.dialects.openai_responses.response"
local usage = require "providers.dialects.openai_responses.usage"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

local NOTHING = {}

---@class ResponsesStream
---@field done boolean the last event has come: nothing may follow
---@field call DialectCall
---@field envelope Envelope?
---@field chunks Chunks? made by the first event with something to say
---@field calls table<string, table> by item id
---@field count integer calls so far
---@field counts Usage?
---@field thinking boolean reasoning has been told

---@param call DialectCall
---@return ResponsesStream
local function open(call)
  return { done = false, call = call, calls = {}, count = 0, thinking = false }
end

local function begin(state, event)
  state.envelope = state.envelope or response.envelope(typed(event, "response", "table"), state.call)
  return NOTHING
end

--- The payloads, with the first chunk before them.
local function speak(state, payloads)
  if state.chunks then return payloads end
  begin(state)
  state.chunks = reply.chunks(state.envelope)
  table.insert(payloads, 1, reply.delta(state.chunks, { role = "assistant", content = "" }))
  return payloads
end

--- A payload can be made only when the chunks' head is known: the first chunk comes with it.
local function made(state, make)
  local first = not state.chunks and speak(state, {}) or {}
  first[#first + 1] = make(state.chunks)
  return first
end

-- Texts --------------------------------------------------------------------------------------------------------------

local function text_delta(state, name, text)
  if not text or text == "" then return NOTHING end
  return made(state, function(chunks) return reply.text_delta(chunks, name, text) end)
end

local function with_logprobs(chunks, text, logprobs)
  local found = json.encode { content = json.array(logprobs), refusal = json.null }
  return chunks.head .. json.encode { content = text } .. ',"logprobs":' .. found .. ',"finish_reason":null}]}'
end

local function output_text(state, event)
  local text, logprobs = typed(event, "delta", "string"), typed(event, "logprobs", "table")
  if not text or not logprobs or not logprobs[1] then return text_delta(state, "content", text) end
  return made(state, function(chunks) return with_logprobs(chunks, text, logprobs) end)
end

local function reasoning(state, event)
  state.thinking = true
  return text_delta(state, "reasoning_content", typed(event, "delta", "string"))
end

--- Parts of a summary are paragraphs.
local function summary_part(state)
  return state.thinking and text_delta(state, "reasoning_content", "\n\n") or NOTHING
end

local function annotation(state, event)
  local note = response.note(typed(event, "annotation", "table"))
  if not note then return NOTHING end
  return made(state, function(chunks) return reply.delta(chunks, { annotations = json.array { note } }) end)
end

-- Calls --------------------------------------------------------------------------------------------------------------

local CALLS = { function_call = "function", custom_tool_call = "custom" }

local function first_fragment(call, item)
  local name = typed(item, "name", "string") or ""
  local made_call = { index = call.index, id = response.call_id(item, { n = call.index }), type = call.kind }
  made_call[call.kind] = call.kind == "custom" and { name = name, input = "" } or { name = name, arguments = "" }
  return made_call
end

local function open_call(state, item)
  local id = typed(item, "id", "string") or typed(item, "call_id", "string") or ""
  local call = { index = state.count, kind = CALLS[item.type], empty = true }
  state.calls[id], state.count = call, state.count + 1
  return call, made(state, function(chunks)
    return reply.delta(chunks, { tool_calls = json.array { first_fragment(call, item) } })
  end)
end

local function fragment(state, call, text)
  if text == "" then return NOTHING end
  call.empty = false
  if call.kind == "function" then return { reply.arguments(state.chunks, call.index, text) } end
  local said = { index = call.index, custom = { input = text } }
  return { reply.delta(state.chunks, { tool_calls = json.array { said } }) }
end

local function call_delta(state, event)
  local call = state.calls[typed(event, "item_id", "string") or ""]
  return call and fragment(state, call, typed(event, "delta", "string") or "") or NOTHING
end

--- What no delta has told is told at once; a call without arguments has an empty object.
local function call_done(state, item)
  local call, payloads = state.calls[typed(item, "id", "string") or typed(item, "call_id", "string") or ""], {}
  if not call then call, payloads = open_call(state, item) end
  if call.empty then
    local text = typed(item, "arguments", "string") or typed(item, "input", "string") or ""
    if text == "" and call.kind == "function" then text = "{}" end
    for _, payload in ipairs(fragment(state, call, text)) do payloads[#payloads + 1] = payload end
  end
  return payloads
end

-- Items --------------------------------------------------------------------------------------------------------------

local function item_added(state, event)
  local item = typed(event, "item", "table")
  if not CALLS[typed(item, "type", "string")] then return speak(state, {}) end
  return select(2, open_call(state, item))
end

local function item_done(state, event)
  local item = typed(event, "item", "table")
  local kind = typed(item, "type", "string")
  if CALLS[kind] then return call_done(state, item) end
  local block = kind == "reasoning" and response.thought(item)
  if not block then return NOTHING end
  return made(state, function(chunks) return reply.delta(chunks, { thinking_blocks = json.array { block } }) end)
end

-- Ends ---------------------------------------------------------------------------------------------------------------

local function completed(state, event)
  local answer = typed(event, "response", "table")
  state.counts = usage.neutral(member(answer, "usage"))
  local payloads = speak(state, {})
  payloads[#payloads + 1] = reply.finish(state.chunks, response.reason(answer, state.count > 0))
  if state.counts and state.call.include_usage then
    payloads[#payloads + 1] = reply.counted(state.chunks, state.counts)
  end
  state.done = true
  return payloads
end

local function failed(_, event)
  local answer = typed(event, "response", "table")
  return nil, faults.of_response(answer) or faults.of_event {}
end

local function broken(_, event)
  return nil, faults.of_event(event)
end

local EVENTS = {
  ["response.created"] = begin,
  ["response.in_progress"] = begin,
  ["response.output_item.added"] = item_added,
  ["response.output_item.done"] = item_done,
  ["response.output_text.delta"] = output_text,
  ["response.output_text.annotation.added"] = annotation,
  ["response.refusal.delta"] = function(state, event)
    return text_delta(state, "refusal", typed(event, "delta", "string"))
  end,
  ["response.reasoning_summary_part.added"] = summary_part,
  ["response.reasoning_summary_text.delta"] = reasoning,
  ["response.reasoning_text.delta"] = reasoning,
  ["response.function_call_arguments.delta"] = call_delta,
  ["response.custom_tool_call_input.delta"] = call_delta,
  ["response.completed"] = completed,
  ["response.incomplete"] = completed,
  ["response.failed"] = failed,
  error = broken,
}

--- One event of the provider. Once the stream is done the rest is ignored.
---@param state ResponsesStream
---@param name string the event's name, maybe empty
---@param data string
---@return string[]? payloads, Failure? failure
local function event(state, name, data)
  if state.done or data == "" or data == "[DONE]" then return NOTHING end
  local decoded = json.decode(data)
  if type(decoded) ~= "table" then return nil, failure.answer("an event of the upstream provider is not JSON") end
  local kind = typed(decoded, "type", "string") or name
  local handle = EVENTS[kind]
  if handle then return handle(state, decoded) end
  if kind == "" and typed(decoded, "error", "table") then return broken(state, decoded) end
  return NOTHING
end

--- An error that comes as the first event; nil when the event is none.
---@param name string
---@param data string
---@return Failure?
local function first_failure(name, data)
  local decoded = json.decode(data)
  if type(decoded) ~= "table" then return nil end
  local kind = typed(decoded, "type", "string") or name
  if kind == "response.failed" then return select(2, failed(nil, decoded)) end
  if kind == "error" or typed(decoded, "error", "table") then return faults.of_event(decoded) end
  return nil
end

return {
  open = open, event = event, finish = ending.finish, first_failure = first_failure, usage = ending.usage,
}
