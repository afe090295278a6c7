-- SPDX-License-Identifier: Apache-2.0
--- The stream of a prediction as OpenAI chunks. Its counters are not in it: the prediction tells them afterwards.

local ending = require "providers.dialects.neutral.ending"
local failure = require "providers.dialects.neutral.failure"
local faults = require "providers.dialects.replicate.failure"
local json = require "gateway.json"
local prediction = require "providers.dialects.replicate.prediction"
local reply = require "providers.dialects.neutral.reply"
local response = require "providers.dialects.replicate.response"
local value = require "providers.dialects.neutral.value"

local typed = value.typed

local NOTHING = {}

---@class ReplicateStream
---@field done boolean the vendor's last event has come: nothing may follow
---@field call DialectCall
---@field made { id: string?, get: string? } the prediction
---@field chunks Chunks?
---@field counts Usage?

---@param call DialectCall
---@return ReplicateStream
local function open(call)
  return { done = false, call = call, made = (call.kept or NOTHING).prediction or NOTHING }
end

local function begin(state, payloads)
  if state.chunks then return end
  -- A stream that no create call preceded is one of nobody's prediction.
  state.chunks = reply.chunks(response.envelope_of(state.call, state.made.id))
  payloads[1] = reply.delta(state.chunks, { role = "assistant", content = "" })
end

local function output(state, data)
  if not json.encode(data) then
    return nil, failure.answer("an event of the upstream provider is not UTF-8")
  end
  local payloads = {}
  begin(state, payloads)
  if data ~= "" then payloads[#payloads + 1] = reply.text_delta(state.chunks, "content", data) end
  return payloads
end

local function fault(state, data)
  prediction.release(state.call)
  return nil, faults.of_prediction(faults.words_of_event(data))
end

--- The counters; without them the stream is whole all the same.
local function count(state)
  local call = state.call
  if not call.ask or not state.made.get then return end
  local made = prediction.poll(call, state.made.get)
  state.counts = prediction.usage_of(made)
end

local function done(state, data)
  local reason = typed(json.decode(data), "reason", "string")
  prediction.release(state.call)
  if reason == "canceled" or reason == "error" then
    return nil, faults.of_prediction("the prediction ended with " .. reason)
  end
  local payloads = {}
  begin(state, payloads)
  count(state)
  state.done = true
  local most = (state.call.kept or NOTHING).most
  payloads[#payloads + 1] = reply.finish(state.chunks, response.reason_of(state.counts, most))
  if state.counts and state.call.include_usage then
    payloads[#payloads + 1] = reply.counted(state.chunks, state.counts)
  end
  return payloads
end

local EVENTS = { output = output, error = fault, done = done }

--- One event of the vendor; its data is text, not JSON. `logs` and unknown ones say nothing to the client.
---@param state ReplicateStream
---@param name string
---@param data string
---@return string[]? payloads, Failure? failure
local function event(state, name, data)
  local handle = not state.done and EVENTS[name]
  if not handle then return NOTHING end
  return handle(state, data)
end

return { open = open, event = event, finish = ending.finish, usage = ending.usage }
