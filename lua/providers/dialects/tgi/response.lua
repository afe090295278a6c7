-- SPDX-License-Identifier: Apache-2.0
--- A whole answer of /generate as a `chat.completion`, and what a stream shares with it.

local failure = require "providers.dialects.neutral.failure"
local ids = require "providers.dialects.neutral.ids"
local json = require "gateway.json"
local reply = require "providers.dialects.neutral.reply"
local value = require "providers.dialects.neutral.value"

local typed = value.typed

---@param reason string? the vendor's
---@return string
local function reason_of(reason)
  return reason == "length" and "length" or "stop"
end

--- Counters of the answer's details.
---@param details table?
---@return Usage?
local function usage_of(details)
  if not details then return nil end
  local prefill = typed(details, "prefill", "table")
  local prompt = typed(details, "input_length", "number") or prefill and #prefill
  return { prompt_tokens = prompt or 0, completion_tokens = typed(details, "generated_tokens", "number") or 0 }
end

--- The text without the stop sequence that ended it.
---@param text string
---@param stops string[]?
---@return string
local function without_stop(text, stops)
  for _, stop in ipairs(stops or {}) do
    if #stop <= #text and text:sub(-#stop) == stop then return text:sub(1, -#stop - 1) end
  end
  return text
end

---@param call DialectCall
---@return Envelope
local function envelope_of(call)
  return { id = ids.of_answer(), created = call.created, model = call.model }
end

--- Translates the answer; older servers wrap it in a list.
---@param call DialectCall
---@param text string
---@return string? text, Usage|Failure|nil
local function translate(call, text)
  local answer = json.decode(text)
  if type(answer) == "table" and type(answer[1]) == "table" then answer = answer[1] end
  local generated = typed(answer, "generated_text", "string")
  if not generated then return nil, failure.answer("the upstream provider's answer holds no generated text") end
  local details = typed(answer, "details", "table")
  local counts, reason = usage_of(details), typed(details, "finish_reason", "string")
  if reason == "stop_sequence" then generated = without_stop(generated, call.kept.stop) end
  local message = { role = "assistant", content = generated, refusal = json.null }
  return reply.whole(envelope_of(call), message, reason_of(reason), counts), counts
end

return { translate = translate, reason_of = reason_of, usage_of = usage_of, envelope_of = envelope_of }
