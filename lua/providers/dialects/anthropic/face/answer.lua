-- SPDX-License-Identifier: Apache-2.0
--- A `chat.completion` as one of Anthropic's messages: thinking, text, calls, in this order.

local json = require "gateway.json"

local counts = require "providers.dialects.anthropic.face.counts"
local mended = require "providers.dialects.neutral.mended"
local stop = require "providers.dialects.anthropic.face.stop"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

local RAW = { raw = { arguments = true } }

--- The words of a content that is a string or a list of parts, as some vendors have it.
local function words(content, kind)
  if type(content) == "string" then return kind == "text" and content or "" end
  local list = {}
  for _, part in ipairs(type(content) == "table" and content or {}) do
    if typed(part, "type", "string") == kind then
      local inner = part[kind]
      list[#list + 1] = type(inner) == "string" and inner or words(inner, "text")
    end
  end
  return table.concat(list)
end

local function reasoning_of(message)
  for _, name in ipairs { "reasoning_content", "reasoning", "thinking" } do
    local text = typed(message, name, "string")
    if text and text ~= "" then return text end
  end
  return words(member(message, "content"), "thinking")
end

--- Where Google's own endpoint puts a signature.
local function signature_of(holder)
  local google = typed(typed(holder, "extra_content", "table"), "google", "table")
  return typed(google, "thought_signature", "string")
end

local function add_signature(blocks, holder)
  local signature = signature_of(holder)
  if signature then
    blocks[#blocks + 1] = { type = "thinking", thinking = "", signature = "google:" .. signature }
  end
end

local function add_thinking(blocks, message)
  local signed = typed(message, "thinking_blocks", "table")
  if signed and signed[1] then
    for _, block in ipairs(signed) do blocks[#blocks + 1] = block end
    return
  end
  local text = reasoning_of(message)
  if text ~= "" then blocks[#blocks + 1] = { type = "thinking", thinking = text, signature = "" } end
end

local function add_text(blocks, message)
  local text = words(member(message, "content"), "text")
  if text == "" then text = typed(message, "refusal", "string") or "" end
  if text ~= "" then blocks[#blocks + 1] = { type = "text", text = text } end
end

--- The arguments' own text: a string holds it, though some vendors send the object itself.
local function arguments_text(found)
  if not json.is_raw(found) then return "" end
  local text = json.text(found)
  if text:find '^%s*"' then return mended.decode(text) end
  return text
end

--- The arguments as an object. What is none (cut short, a list) is wrapped: clients read an object.
local function input_of(arguments)
  local text = arguments_text(arguments)
  if value.blank(text) or text:find "^%s*null%s*$" then return json.raw "{}" end
  local raw = mended.raw(text)
  if raw and text:find "^%s*{" then return raw end
  return { value = raw or text }
end

local function add_call(blocks, spelling, call, id)
  local spec = typed(call, "function", "table")
  add_signature(blocks, call)
  blocks[#blocks + 1] = {
    type = "tool_use", id = stop.call_id(spelling, id), name = typed(spec, "name", "string") or "",
    input = input_of(member(spec, "arguments")),
  }
end

local function add_calls(blocks, message)
  local spelling = stop.call_ids()
  local legacy = typed(message, "function_call", "table")
  for _, call in ipairs(typed(message, "tool_calls", "table") or {}) do
    add_call(blocks, spelling, call, typed(call, "id", "string"))
  end
  if legacy then add_call(blocks, spelling, { ["function"] = legacy }) end
end

local function blocks_of(message)
  local blocks = json.array {}
  add_thinking(blocks, message)
  add_text(blocks, message)
  local before = #blocks
  add_calls(blocks, message)
  local has_calls = #blocks > before
  if not has_calls then add_signature(blocks, message) end
  return blocks, has_calls
end

local function message_of(context, answer, choice)
  local blocks, has_calls = blocks_of(typed(choice, "message", "table") or {})
  return {
    id = stop.message_id(typed(answer, "id", "string")), type = "message", role = "assistant",
    model = typed(answer, "model", "string") or context.model, content = blocks,
    stop_reason = stop.reason(typed(choice, "finish_reason", "string"), has_calls), stop_sequence = json.null,
    usage = counts.of_openai(member(answer, "usage")) or counts.of_neutral(nil),
  }
end

--- The client's answer; nil when there is none in `text`: no choice, or one that does not say why it ended.
---@param context FaceContext
---@param text string a chat.completion
---@return string?
local function message(context, text)
  local answer = mended.decode(text, RAW)
  local choice = (typed(answer, "choices", "table") or {})[1]
  if not typed(choice, "finish_reason", "string") then return nil end
  return (json.encode(message_of(context, answer, choice)))
end

--- The answer to `max_tokens` 0, for which nobody need be asked.
---@param context FaceContext
---@return string
local function empty(context)
  return (json.encode {
    id = stop.message_id(context.id), type = "message", role = "assistant", model = context.model,
    content = json.array {}, stop_reason = "max_tokens", stop_sequence = json.null, usage = counts.of_neutral(nil),
  })
end

return { message = message, empty = empty }
