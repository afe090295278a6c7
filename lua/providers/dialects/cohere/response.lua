-- SPDX-License-Identifier: Apache-2.0
--- A whole answer of Cohere's chat API as a `chat.completion`.

local failure = require "providers.dialects.neutral.failure"
local faults = require "providers.dialects.cohere.failure"
local json = require "gateway.json"
local logprobs = require "providers.dialects.cohere.logprobs"
local reply = require "providers.dialects.neutral.reply"
local usage = require "providers.dialects.cohere.usage"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

local REASONS = { MAX_TOKENS = "length", TOOL_CALL = "tool_calls" }

--- OpenAI's finish_reason. Whoever has tool calls to run must be told so.
---@param reason string?
---@param has_calls boolean
---@return string
local function reason_of(reason, has_calls)
  return REASONS[reason] or (has_calls and "tool_calls" or "stop")
end

--- Arguments as clients parse them: Cohere writes `null` for none.
---@param text string?
---@return string
local function arguments_of(text)
  if not text or value.blank(text) or text:find "^%s*null%s*$" then return "{}" end
  return text
end

local function read_content(content, text, reasoning)
  if type(content) == "string" then text[1] = content end
  for _, block in ipairs(type(content) == "table" and content or {}) do
    local kind = typed(block, "type", "string")
    if kind == "text" then text[#text + 1] = typed(block, "text", "string") end
    if kind == "thinking" then reasoning[#reasoning + 1] = typed(block, "thinking", "string") end
  end
end

local function calls_of(message)
  local list = json.array {}
  for i, call in ipairs(typed(message, "tool_calls", "table") or {}) do
    local spec = typed(call, "function", "table")
    list[i] = {
      id = typed(call, "id", "string") or "call_" .. i - 1, type = "function",
      ["function"] = {
        name = typed(spec, "name", "string") or "", arguments = arguments_of(typed(spec, "arguments", "string")),
      },
    }
  end
  return #list > 0 and list or nil
end

local function message_of(message)
  local text, reasoning = {}, { typed(message, "tool_plan", "string") }
  read_content(member(message, "content"), text, reasoning)
  local content, thought = table.concat(text), table.concat(reasoning)
  return {
    role = "assistant",
    content = content ~= "" and content or json.null,
    refusal = json.null,
    reasoning_content = thought ~= "" and thought or nil,
    tool_calls = calls_of(message),
  }
end

local function envelope_of(answer, call)
  return {
    id = "chatcmpl-" .. (typed(answer, "id", "string") or call.id or "unknown"),
    created = call.created, model = call.model,
  }
end

--- Translates the answer.
---@param call DialectCall
---@param text string
---@return string? text, Usage|Failure|nil
local function translate(call, text)
  local answer = json.decode(text)
  local message = typed(answer, "message", "table")
  if not message then return nil, failure.answer("the upstream provider's answer is not a message") end
  local failed = faults.of_reason(typed(answer, "finish_reason", "string"), typed(answer, "error", "string"))
  if failed then return nil, failed end
  local made, counts = message_of(message), usage.neutral(member(answer, "usage"))
  local reason = reason_of(typed(answer, "finish_reason", "string"), made.tool_calls ~= nil)
  return reply.whole(envelope_of(answer, call), made, reason, counts, logprobs.of(answer)), counts
end

return { translate = translate, reason_of = reason_of, arguments_of = arguments_of, envelope_of = envelope_of }
