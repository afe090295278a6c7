-- SPDX-License-Identifier: Apache-2.0
--- A stream of Converse as OpenAI chunks: one event in, the payloads it becomes out.

local json = require "gateway.json"

local failure = require "providers.dialects.neutral.failure"
local faults = require "providers.dialects.bedrock.failure"
local naming = require "providers.dialects.bedrock.naming"
local reply = require "providers.dialects.neutral.reply"
local statuses = require "providers.dialects.neutral.statuses"
local stop = require "providers.dialects.bedrock.stop"
local usage = require "providers.dialects.bedrock.usage"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

local NOTHING = {}

---@class BedrockStream
---@field done boolean nothing may follow
---@field call DialectCall
---@field kept table
---@field headers table<string, string>?
---@field chunks Chunks? made by messageStart
---@field blocks table<integer, table> by index: { call, empty, answer } of a tool, { thinking, signature, hidden }
---@field calls integer tool calls so far
---@field reason string? stopReason: the message is complete
---@field counts Usage?

---@param call DialectCall
---@param headers table<string, string>? of the answer, names in lower case
---@return BedrockStream
local function open(call, headers)
  return { done = false, call = call, kept = call.kept or {}, headers = headers, blocks = {}, calls = 0 }
end

local function begin(state)
  if state.chunks then return NOTHING end
  state.chunks = reply.chunks(naming.envelope(state.call, state.headers))
  return { reply.delta(state.chunks, { role = "assistant", content = "" }) }
end

local function text_payload(state, name, text)
  if not text or text == "" then return NOTHING end
  state.said = true
  return { reply.text_delta(state.chunks, name, text) }
end

-- Blocks -------------------------------------------------------------------------------------------------------------

local function open_call(state, start)
  local name = typed(start, "name", "string") or ""
  if typed(start, "type", "string") == "server_tool_use" then return { ignored = true }, NOTHING end
  if name == state.kept.answer_tool then return { tool = true, answer = true, empty = true }, NOTHING end
  local index = state.calls
  state.calls = index + 1
  local fields = {
    index = index, id = typed(start, "toolUseId", "string") or "call_" .. index, type = "function",
    ["function"] = { name = (state.kept.names or {})[name] or name, arguments = "" },
  }
  return { tool = true, call = index, empty = true },
    { reply.delta(state.chunks, { tool_calls = json.array { fields } }) }
end

local function index_of(event)
  return typed(event, "contentBlockIndex", "number") or 0
end

local function block_start(state, event)
  local start = typed(typed(event, "start", "table"), "toolUse", "table")
  if not start then return NOTHING end
  local block, payloads = open_call(state, start)
  state.blocks[index_of(event)] = block
  return payloads
end

local function arguments(state, block, text)
  if not text or text == "" or not block.tool then return NOTHING end
  block.empty = false
  if block.answer then return text_payload(state, "content", text) end
  return { reply.arguments(state.chunks, block.call, text) }
end

local function reasoning(state, block, delta)
  local text = typed(delta, "text", "string")
  block.thinking = block.thinking or {}
  block.thinking[#block.thinking + 1] = text
  block.signature = typed(delta, "signature", "string") or block.signature
  block.hidden = typed(delta, "redactedContent", "string") or block.hidden
  return text_payload(state, "reasoning_content", text)
end

--- Text and reasoning begin without a start of their block. Deltas of other kinds (citations, images) say nothing here.
local function block_delta(state, event)
  local index, delta = index_of(event), typed(event, "delta", "table")
  local block = state.blocks[index]
  if not block then
    block = {}
    state.blocks[index] = block
  end
  local call, thought = typed(delta, "toolUse", "table"), typed(delta, "reasoningContent", "table")
  if call then return arguments(state, block, typed(call, "input", "string")) end
  if thought then return reasoning(state, block, thought) end
  return text_payload(state, "content", typed(delta, "text", "string"))
end

local function thoughts_of(block)
  local list = json.array {}
  if block.signature then
    list[1] = { type = "thinking", thinking = table.concat(block.thinking), signature = block.signature }
  end
  if block.hidden then list[#list + 1] = { type = "redacted_thinking", data = block.hidden } end
  return list
end

local function block_stop(state, event)
  local index = index_of(event)
  local block = state.blocks[index]
  state.blocks[index] = nil
  if not block then return NOTHING end
  if block.tool and block.empty then return arguments(state, block, "{}") end
  local list = thoughts_of(block)
  if #list == 0 then return NOTHING end
  return { reply.delta(state.chunks, { thinking_blocks = list }) }
end

-- The end ------------------------------------------------------------------------------------------------------------

local function finished(state)
  if stop.is_malformed(state.reason) and not state.said and state.calls == 0 then
    return nil, statuses.made(statuses.FAULT, "the model's answer was malformed")
  end
  local payloads = { reply.finish(state.chunks, stop.reason(state.reason, state.calls > 0)) }
  if state.counts and state.call.include_usage then payloads[2] = reply.counted(state.chunks, state.counts) end
  state.done = true
  return payloads
end

--- The finish chunk waits for the counters, whichever of the two events comes first. unverified: that both orders occur
local function message_stop(state, event)
  state.reason = typed(event, "stopReason", "string") or "end_turn"
  return state.counts and finished(state) or NOTHING
end

local function metadata(state, event)
  state.counts = usage.neutral(member(event, "usage")) or state.counts
  return state.reason and finished(state) or NOTHING
end

local EVENTS = {
  contentBlockStart = block_start,
  contentBlockDelta = block_delta,
  contentBlockStop = block_stop,
  messageStop = message_stop,
  metadata = metadata,
}

--- One event of the vendor. Once the stream is done the rest is ignored.
---@param state BedrockStream
---@param name string the :event-type, or "exception." or "error." and what kind
---@param data string
---@return string[]? payloads, Failure? failure
local function event(state, name, data)
  if state.done then return NOTHING end
  local fault = faults.of_event(name, data)
  if fault then return nil, fault end
  if name == "messageStart" then return begin(state) end
  local handle = EVENTS[name]
  if not handle then return NOTHING end
  local decoded = json.decode(data)
  if type(decoded) ~= "table" then return nil, failure.answer("an event of the upstream provider is not JSON") end
  if not state.chunks then
    return nil, failure.answer("the upstream provider's stream does not begin with a message")
  end
  return handle(state, decoded)
end

--- The body has ended: complete without counters, or cut.
---@param state BedrockStream
---@return string[]? payloads, Failure? failure
local function finish(state)
  if state.done then return NOTHING end
  if not state.reason then return nil, failure.truncated() end
  return finished(state)
end

---@param state BedrockStream
---@return Usage?
local function counted(state)
  return state.counts
end

return { open = open, event = event, finish = finish, usage = counted }
