-- SPDX-License-Identifier: Apache-2.0
--- A whole answer of Ollama's chat API as a `chat.completion`, and what the lines of a stream share with it.

local failure = require "providers.dialects.neutral.failure"
local ids = require "providers.dialects.neutral.ids"
local json = require "gateway.json"
local reply = require "providers.dialects.neutral.reply"
local statuses = require "providers.dialects.neutral.statuses"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

-- The order and the number spelling of tool arguments are the model's.
local OPTIONS = { raw = { arguments = true } }

--- A decoded answer or line; nil and why it is none.
---@param text string
---@return table? answer, Failure? failure
local function decoded(text)
  local answer = json.decode(text, OPTIONS)
  if type(answer) ~= "table" then return nil, failure.answer("the upstream provider's answer is not JSON") end
  local fault = member(answer, "error")
  if fault ~= nil then return nil, statuses.made(statuses.FAULT, failure.read(500, text).message) end
  return answer
end

--- Counters of the last line; a prompt that was cached is not counted.
---@param answer table
---@return Usage?
local function usage_of(answer)
  local prompt, output = typed(answer, "prompt_eval_count", "number"), typed(answer, "eval_count", "number")
  if not prompt and not output then return nil end
  return { prompt_tokens = prompt or 0, completion_tokens = output or 0 }
end

--- Arguments as text. Some servers send them as text already.
local function arguments_of(spec)
  local found = spec and spec.arguments
  if found == nil then return "{}" end
  local text = json.is_raw(found) and json.text(found) or json.encode(found)
  if text:find '^%s*"' then text = json.decode(text) end
  if value.blank(text) or text:find "^%s*null%s*$" then return "{}" end
  return text
end

---@class OllamaCall
---@field id string
---@field name string
---@field arguments string

--- The calls of a message. They may lack ids, and their `index` may be 0 each time.
---@param message table?
---@param taken table<string, boolean> ids of this answer so far
---@return OllamaCall[]
local function calls_of(message, taken)
  local list = {}
  for i, call in ipairs(typed(message, "tool_calls", "table") or {}) do
    local spec = typed(call, "function", "table")
    list[i] = {
      id = ids.of_call(typed(call, "id", "string"), taken), name = typed(spec, "name", "string") or "",
      arguments = arguments_of(spec),
    }
  end
  return list
end

---@param reason string? the vendor's done_reason
---@param has_calls boolean
---@return string
local function reason_of(reason, has_calls)
  if reason == "length" then return "length" end
  return has_calls and "tool_calls" or "stop"
end

local function rendered(calls)
  local list = json.array {}
  for i, call in ipairs(calls) do
    list[i] = {
      id = call.id, type = "function", ["function"] = { name = call.name, arguments = call.arguments },
    }
  end
  return #list > 0 and list or nil
end

local function message_of(message, calls)
  local content, thinking = typed(message, "content", "string"), typed(message, "thinking", "string")
  return {
    role = "assistant", content = content and content ~= "" and content or json.null, refusal = json.null,
    reasoning_content = thinking ~= "" and thinking or nil, tool_calls = rendered(calls),
  }
end

--- The vendor's list of tokens is OpenAI's.
local function logprobs_of(answer)
  local list = typed(answer, "logprobs", "table")
  return list and { content = json.array(list), refusal = json.null } or nil
end

---@param answer table
---@param call DialectCall
---@return Envelope
local function envelope_of(answer, call)
  return { id = ids.of_answer(), created = call.created, model = typed(answer, "model", "string") or call.model }
end

--- Translates the answer.
---@param call DialectCall
---@param text string
---@return string? text, Usage|Failure|nil
local function translate(call, text)
  local answer, problem = decoded(text)
  if not answer then return nil, problem end
  local message = typed(answer, "message", "table")
  if not message then return nil, failure.answer("the upstream provider's answer is not a message") end
  local calls, counts = calls_of(message, {}), usage_of(answer)
  local reason = reason_of(typed(answer, "done_reason", "string"), #calls > 0)
  return reply.whole(envelope_of(answer, call), message_of(message, calls), reason, counts, logprobs_of(answer)), counts
end

return {
  translate = translate, decoded = decoded, usage_of = usage_of, calls_of = calls_of, reason_of = reason_of,
  envelope_of = envelope_of,
}
