-- SPDX-License-Identifier: Apache-2.0
--- A whole answer of Converse as a `chat.completion`.

local json = require "gateway.json"

local failure = require "providers.dialects.neutral.failure"
local naming = require "providers.dialects.bedrock.naming"
local reply = require "providers.dialects.neutral.reply"
local statuses = require "providers.dialects.neutral.statuses"
local stop = require "providers.dialects.bedrock.stop"
local usage = require "providers.dialects.bedrock.usage"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

-- The order and the number spelling of tool arguments are the model's.
local OPTIONS = { raw = { input = true } }

---@class BedrockReading an answer while its blocks are read
---@field kept table what the request left: names, answer_tool
---@field text string[]
---@field reasoning string[]
---@field thoughts table[]
---@field calls table[]

--- Only what is signed goes back one day; the rest is for reading.
local function take_reasoning(reading, content)
  local plain, hidden = typed(content, "reasoningText", "table"), typed(content, "redactedContent", "string")
  if hidden then reading.thoughts[#reading.thoughts + 1] = { type = "redacted_thinking", data = hidden } end
  local text, signature = typed(plain, "text", "string"), typed(plain, "signature", "string")
  reading.reasoning[#reading.reasoning + 1] = text
  if signature then
    reading.thoughts[#reading.thoughts + 1] = { type = "thinking", thinking = text or "", signature = signature }
  end
end

local function arguments_of(block)
  local text = block.input ~= nil and json.encode(block.input) or "{}"
  return text:find "^%s*{" and text or "{}"
end

local function take_call(reading, block)
  local name = typed(block, "name", "string") or ""
  if typed(block, "type", "string") == "server_tool_use" then return end
  if name == reading.kept.answer_tool then
    reading.text[#reading.text + 1] = arguments_of(block)
    return
  end
  reading.calls[#reading.calls + 1] = {
    id = typed(block, "toolUseId", "string") or "call_" .. #reading.calls, type = "function",
    ["function"] = { name = (reading.kept.names or {})[name] or name, arguments = arguments_of(block) },
  }
end

--- Text with citations comes in a block of its own.
local function take_cited(reading, block)
  for _, part in ipairs(typed(block, "content", "table") or {}) do
    reading.text[#reading.text + 1] = typed(part, "text", "string")
  end
end

--- Blocks of other kinds have no counterpart and are left out.
local function take(reading, block)
  reading.text[#reading.text + 1] = typed(block, "text", "string")
  local reasoning, call = typed(block, "reasoningContent", "table"), typed(block, "toolUse", "table")
  local cited = typed(block, "citationsContent", "table")
  if reasoning then take_reasoning(reading, reasoning) end
  if call then take_call(reading, call) end
  if cited then take_cited(reading, cited) end
end

local function read_blocks(blocks, kept)
  local reading = { kept = kept, text = {}, reasoning = {}, thoughts = {}, calls = {} }
  for _, block in ipairs(blocks) do take(reading, block) end
  return reading
end

local function list_member(list)
  return #list > 0 and json.array(list) or nil
end

local function message_of(reading)
  local text, reasoning = table.concat(reading.text), table.concat(reading.reasoning)
  return {
    role = "assistant",
    content = text ~= "" and text or json.null,
    refusal = json.null,
    reasoning_content = reasoning ~= "" and reasoning or nil,
    thinking_blocks = list_member(reading.thoughts),
    tool_calls = list_member(reading.calls),
  }
end

local function blocks_of(answer)
  return typed(typed(typed(answer, "output", "table"), "message", "table"), "content", "table")
end

--- Translates the answer.
---@param call DialectCall
---@param text string
---@param headers table<string, string> names in lower case
---@return string? text, Usage|Failure|nil
local function translate(call, text, headers)
  local answer = json.decode(text, OPTIONS)
  local blocks = blocks_of(answer)
  if not blocks then return nil, failure.answer("the upstream provider's answer is not a message") end
  local reading, reason = read_blocks(blocks, call.kept or {}), typed(answer, "stopReason", "string")
  if stop.is_malformed(reason) and #reading.text == 0 and #reading.calls == 0 then
    return nil, statuses.made(statuses.FAULT, "the model's answer was malformed")
  end
  local counts = usage.neutral(member(answer, "usage"))
  local finish = stop.reason(reason, #reading.calls > 0)
  return reply.whole(naming.envelope(call, headers), message_of(reading), finish, counts), counts
end

return { translate = translate }
