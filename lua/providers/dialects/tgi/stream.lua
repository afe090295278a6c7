-- SPDX-License-Identifier: Apache-2.0
--- A stream of /generate_stream as OpenAI chunks. The text that ends it belongs to the answer no more: what may become
--- a stop sequence is held back until it does, or does not.

local ending = require "providers.dialects.neutral.ending"
local failure = require "providers.dialects.neutral.failure"
local json = require "gateway.json"
local reply = require "providers.dialects.neutral.reply"
local response = require "providers.dialects.tgi.response"
local statuses = require "providers.dialects.neutral.statuses"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

local NOTHING = {}

---@class TgiStream
---@field done boolean an event with details has come: nothing may follow
---@field call DialectCall
---@field stops string[]
---@field held string text that may be the beginning of a stop sequence
---@field chunks Chunks?
---@field counts Usage?

---@param call DialectCall
---@return TgiStream
local function open(call)
  return { done = false, call = call, stops = (call.kept or {}).stop or NOTHING, held = "" }
end

--- How many bytes at the end of `text` may begin the sequence `stop`.
local function overlap(text, stop)
  for size = math.min(#stop, #text), 1, -1 do
    if text:sub(-size) == stop:sub(1, size) then return size end
  end
  return 0
end

--- Splits the text into what is certain and what must wait.
local function certain(state, text)
  local held = 0
  for _, stop in ipairs(state.stops) do held = math.max(held, overlap(text, stop)) end
  return text:sub(1, #text - held), text:sub(#text - held + 1)
end

local function add_text(state, payloads, text)
  if text ~= "" then payloads[#payloads + 1] = reply.text_delta(state.chunks, "content", text) end
end

local function add_token(state, payloads, token)
  if not token or member(token, "special") == true then return end
  local text, held = certain(state, state.held .. (typed(token, "text", "string") or ""))
  state.held = held
  add_text(state, payloads, text)
end

local function is_a_stop(state)
  for _, stop in ipairs(state.stops) do
    if state.held == stop then return true end
  end
  return false
end

local function add_end(state, payloads, details)
  local reason = typed(details, "finish_reason", "string")
  if not (reason == "stop_sequence" and is_a_stop(state)) then add_text(state, payloads, state.held) end
  state.done, state.counts = true, response.usage_of(details)
  payloads[#payloads + 1] = reply.finish(state.chunks, response.reason_of(reason))
  if state.counts and state.call.include_usage then
    payloads[#payloads + 1] = reply.counted(state.chunks, state.counts)
  end
end

local function fault_of(decoded)
  if member(decoded, "error") == nil then return nil end
  local kind = decoded.error_type == "overloaded" and statuses.OVERLOADED or statuses.FAULT
  return statuses.made(kind, typed(decoded, "error", "string"))
end

--- One event of the vendor. Once the stream is done the rest is ignored.
---@param state TgiStream
---@param _ string the event's name
---@param data string
---@return string[]? payloads, Failure? failure
local function event(state, _, data)
  if state.done or data == "" then return NOTHING end
  local decoded = json.decode(data)
  if type(decoded) ~= "table" then return nil, failure.answer("an event of the upstream provider is not JSON") end
  local fault = fault_of(decoded)
  if fault then return nil, fault end
  local payloads = {}
  if not state.chunks then
    state.chunks = reply.chunks(response.envelope_of(state.call))
    payloads[1] = reply.delta(state.chunks, { role = "assistant", content = "" })
  end
  add_token(state, payloads, typed(decoded, "token", "table"))
  local details = typed(decoded, "details", "table")
  if details then add_end(state, payloads, details) end
  return payloads
end

return { open = open, event = event, finish = ending.finish, usage = ending.usage }
