-- SPDX-License-Identifier: Apache-2.0
--- A stream of Anthropic's Messages API as OpenAI chunks: one event in, the payloads it becomes out.

local json = require "gateway.json"

local ending = require "providers.dialects.neutral.ending"
local failure = require "providers.dialects.neutral.failure"
local faults = require "providers.dialects.anthropic.failure"
local mended = require "providers.dialects.neutral.mended"
local reply = require "providers.dialects.neutral.reply"
local stop = require "providers.dialects.anthropic.stop"
local usage = require "providers.dialects.anthropic.usage"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

local NOTHING = {}

---@class AnthropicStream
---@field done boolean the vendor's last event has come: nothing may follow
---@field call DialectCall
---@field kept table
---@field chunks Chunks? made by the first message_start
---@field message_id string?
---@field blocks table<integer, Block> the open ones
---@field calls integer tool calls so far
---@field counters Counters?
---@field reason string? stop_reason

---@class Block
---@field kind "text"|"thinking"|"call"|"answer" an answer is the forced tool that stands for structured output
---@field call integer? index of the tool call
---@field empty boolean no argument has come yet
---@field thinking string[]?
---@field signature string[]?

---@param call DialectCall
---@return AnthropicStream
local function open(call)
  return { done = false, call = call, kept = call.kept or {}, blocks = {}, calls = 0 }
end

local function begin(state, message)
  local id = typed(message, "id", "string")
  if state.chunks then
    if id == state.message_id then return NOTHING end
    return nil, failure.answer("the upstream provider began a second message in one stream")
  end
  local call = state.call
  state.message_id = id
  state.counters = usage.update(state.counters, member(message, "usage"))
  state.chunks = reply.chunks {
    id = "chatcmpl-" .. (id or call.id or "unknown"), created = call.created,
    model = typed(message, "model", "string") or call.requested_model or call.model,
  }
  return { reply.delta(state.chunks, { role = "assistant", content = "" }) }
end

local function text_payload(state, name, text)
  if not text or text == "" then return NOTHING end
  return { reply.text_delta(state.chunks, name, text) }
end

local function open_call(state, block)
  local name = typed(block, "name", "string") or ""
  if name == state.kept.answer_tool then return { kind = "answer", empty = true }, NOTHING end
  local index = state.calls
  state.calls = index + 1
  local fields = {
    index = index, id = typed(block, "id", "string") or "call_" .. index, type = "function",
    ["function"] = { name = (state.kept.names or {})[name] or name, arguments = "" },
  }
  return { kind = "call", call = index, empty = true },
    { reply.delta(state.chunks, { tool_calls = json.array { fields } }) }
end

local function thought(state, block)
  return { reply.delta(state.chunks, { thinking_blocks = json.array { block } }) }
end

local function open_block(state, block)
  local kind = typed(block, "type", "string")
  if kind == "text" then
    return { kind = "text" }, text_payload(state, "content", typed(block, "text", "string"))
  elseif kind == "tool_use" then
    return open_call(state, block)
  elseif kind == "thinking" then
    return { kind = "thinking", thinking = {}, signature = {} }, NOTHING
  elseif kind == "redacted_thinking" then
    return nil, thought(state, block)
  end
  return nil, NOTHING
end

local function block_start(state, event)
  local index = typed(event, "index", "number")
  local opened, payloads = open_block(state, typed(event, "content_block", "table"))
  if index then state.blocks[index] = opened end
  return payloads
end

local function arguments(state, block, text)
  if text == "" then return NOTHING end
  block.empty = false
  if block.kind == "answer" then return text_payload(state, "content", text) end
  return { reply.arguments(state.chunks, block.call, text) }
end

local DELTAS = {
  text = function(state, _, delta)
    return text_payload(state, "content", typed(delta, "text", "string"))
  end,
  thinking = function(state, block, delta)
    local text = typed(delta, "thinking", "string")
    block.thinking[#block.thinking + 1] = text
    block.signature[#block.signature + 1] = typed(delta, "signature", "string")
    return text_payload(state, "reasoning_content", text)
  end,
  call = function(state, block, delta)
    return arguments(state, block, typed(delta, "partial_json", "string") or "")
  end,
}
DELTAS.answer = DELTAS.call

local function block_delta(state, event)
  local block = state.blocks[event.index]
  if not block then return NOTHING end
  return DELTAS[block.kind](state, block, typed(event, "delta", "table"))
end

local function close_thinking(state, block)
  return thought(state, {
    type = "thinking", thinking = table.concat(block.thinking), signature = table.concat(block.signature),
  })
end

local function block_stop(state, event)
  local block = state.blocks[event.index]
  if not block then return NOTHING end
  state.blocks[event.index] = nil
  if block.kind == "thinking" then return close_thinking(state, block) end
  if block.empty then return arguments(state, block, "{}") end
  return NOTHING
end

local function message_delta(state, event)
  local delta = typed(event, "delta", "table")
  state.counters = usage.update(state.counters, member(event, "usage"))
  state.reason = typed(delta, "stop_reason", "string") or state.reason
  return text_payload(state, "refusal", stop.refusal(delta))
end

local function message_stop(state)
  local payloads = { reply.finish(state.chunks, stop.reason(state.reason, state.calls > 0)) }
  local counts = usage.neutral(state.counters)
  if counts and state.call.include_usage then
    payloads[2] = reply.counted(state.chunks, counts)
  end
  state.done = true
  return payloads
end

local EVENTS = {
  content_block_start = block_start,
  content_block_delta = block_delta,
  content_block_stop = block_stop,
  message_delta = message_delta,
  message_stop = message_stop,
}

local function unexpected(state, event, data)
  if event.type == "error" or member(event, "error") ~= nil then return nil, faults.of_event(data) end
  if event.type == "message_start" then return begin(state, typed(event, "message", "table")) end
  return NOTHING
end

--- One event of the vendor. Once the stream is done the rest is ignored.
---@param state AnthropicStream
---@param name string the event's name, maybe empty
---@param data string
---@return string[]? payloads, Failure? failure
local function event(state, name, data)
  if state.done or name == "ping" or data == "" then return NOTHING end
  local decoded = mended.decode(data)
  if type(decoded) ~= "table" then return nil, failure.answer("an event of the upstream provider is not JSON") end
  local handle = EVENTS[decoded.type]
  if not handle then return unexpected(state, decoded, data) end
  if not state.chunks then
    return nil, failure.answer("the upstream provider's stream does not begin with a message")
  end
  return handle(state, decoded)
end

---@param state AnthropicStream
---@return Usage?
local function counted(state)
  return usage.neutral(state.counters)
end

return { open = open, event = event, finish = ending.finish, usage = counted }
