-- SPDX-License-Identifier: Apache-2.0
--- A stream of Ollama's chat API, a JSON object a line, as OpenAI chunks.

local ending = require "providers.dialects.neutral.ending"
local json = require "gateway.json"
local reply = require "providers.dialects.neutral.reply"
local response = require "providers.dialects.ollama.response"
local value = require "providers.dialects.neutral.value"

local typed = value.typed

local NOTHING = {}

---@class OllamaStream
---@field done boolean the line with `done` has come: nothing may follow
---@field call DialectCall
---@field chunks Chunks? made by the first line
---@field calls integer tool calls so far
---@field taken table<string, boolean> their ids
---@field counts Usage?

---@param call DialectCall
---@return OllamaStream
local function open(call)
  return { done = false, call = call, calls = 0, taken = {} }
end

local function begin(state, line, payloads)
  state.chunks = reply.chunks(response.envelope_of(line, state.call))
  payloads[1] = reply.delta(state.chunks, { role = "assistant", content = "" })
end

local function add_text(state, payloads, name, text)
  if text and text ~= "" then payloads[#payloads + 1] = reply.text_delta(state.chunks, name, text) end
end

--- A call comes whole: it is opened, and its arguments follow in one piece.
local function add_call(state, payloads, call)
  local index = state.calls
  state.calls = index + 1
  payloads[#payloads + 1] = reply.delta(state.chunks, { tool_calls = json.array { {
    index = index, id = call.id, type = "function", ["function"] = { name = call.name, arguments = "" },
  } } })
  payloads[#payloads + 1] = reply.arguments(state.chunks, index, call.arguments)
end

local function add_end(state, payloads, line)
  state.done, state.counts = true, response.usage_of(line)
  local reason = response.reason_of(typed(line, "done_reason", "string"), state.calls > 0)
  payloads[#payloads + 1] = reply.finish(state.chunks, reason)
  if state.counts and state.call.include_usage then
    payloads[#payloads + 1] = reply.counted(state.chunks, state.counts)
  end
end

--- One line of the vendor. Once the stream is done the rest is ignored.
---@param state OllamaStream
---@param _ string a line has no name
---@param data string
---@return string[]? payloads, Failure? failure
local function event(state, _, data)
  if state.done or value.blank(data) then return NOTHING end
  local line, problem = response.decoded(data)
  if not line then return nil, problem end
  local payloads, message = {}, typed(line, "message", "table")
  if not state.chunks then begin(state, line, payloads) end
  add_text(state, payloads, "reasoning_content", typed(message, "thinking", "string"))
  add_text(state, payloads, "content", typed(message, "content", "string"))
  for _, call in ipairs(response.calls_of(message, state.taken)) do add_call(state, payloads, call) end
  if line.done == true then add_end(state, payloads, line) end
  return payloads
end

return { open = open, event = event, finish = ending.finish, usage = ending.usage }
