-- SPDX-License-Identifier: Apache-2.0
--- A Response object as a `chat.completion`.

local failure = require "providers.dialects.neutral.failure"
local faults = require "providers.dialects.openai_responses.faults"
local json = require "gateway.json"
local reply = require "providers.dialects.neutral.reply"
local usage = require "providers.dialects.openai_responses.usage"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

---@class ResponseReading
---@field text string[]
---@field refusal string[]
---@field reasoning string[]
---@field thoughts table[]
---@field calls table[]
---@field annotations table[]
---@field logprobs table[]

local function note_of(found)
  local url = typed(found, "url", "string")
  if typed(found, "type", "string") ~= "url_citation" or not url then return nil end
  return {
    type = "url_citation",
    url_citation = {
      url = url, title = member(found, "title"), start_index = member(found, "start_index"),
      end_index = member(found, "end_index"),
    },
  }
end

local function append(list, more)
  for _, entry in ipairs(more or {}) do list[#list + 1] = entry end
end

local function take_part(reading, part)
  reading.refusal[#reading.refusal + 1] = typed(part, "refusal", "string")
  local text = typed(part, "type", "string") == "output_text" and typed(part, "text", "string")
  if not text then return end
  reading.text[#reading.text + 1] = text
  append(reading.logprobs, typed(part, "logprobs", "table"))
  for _, found in ipairs(typed(part, "annotations", "table") or {}) do
    reading.annotations[#reading.annotations + 1] = note_of(found)
  end
end

local function take_message(reading, item)
  for _, part in ipairs(typed(item, "content", "table") or {}) do take_part(reading, part) end
end

--- A block by which the reasoning comes back; nil without a seal.
---@param item table
---@return table?
local function thought(item)
  local sealed = typed(item, "encrypted_content", "string")
  if not sealed then return nil end
  return {
    type = "openai_reasoning", id = member(item, "id"), encrypted_content = sealed,
    summary = json.array(typed(item, "summary", "table") or {}),
  }
end

local function take_reasoning(reading, item)
  for _, name in ipairs { "summary", "content" } do
    for _, part in ipairs(typed(item, name, "table") or {}) do
      reading.reasoning[#reading.reasoning + 1] = typed(part, "text", "string")
    end
  end
  reading.thoughts[#reading.thoughts + 1] = thought(item)
end

local function call_id(item, calls)
  return typed(item, "call_id", "string") or typed(item, "id", "string") or "call_" .. #calls
end

local function take_call(reading, item)
  local arguments = typed(item, "arguments", "string") or ""
  reading.calls[#reading.calls + 1] = {
    id = call_id(item, reading.calls), type = "function",
    ["function"] = {
      name = typed(item, "name", "string") or "", arguments = value.blank(arguments) and "{}" or arguments,
    },
  }
end

local function take_custom_call(reading, item)
  reading.calls[#reading.calls + 1] = {
    id = call_id(item, reading.calls), type = "custom",
    custom = { name = typed(item, "name", "string") or "", input = typed(item, "input", "string") or "" },
  }
end

-- Items of the provider's own tools have no counterpart and are left out.
local TAKE = {
  message = take_message, reasoning = take_reasoning, function_call = take_call, custom_tool_call = take_custom_call,
}

local function read_items(items)
  local reading = {
    text = {}, refusal = {}, reasoning = {}, thoughts = {}, calls = {}, annotations = {}, logprobs = {},
  }
  for _, item in ipairs(items) do
    local take = TAKE[typed(item, "type", "string")]
    if take then take(reading, item) end
  end
  return reading
end

local function text_member(list, separator)
  local text = table.concat(list, separator)
  return text ~= "" and text or nil
end

local function message_of(reading)
  return {
    role = "assistant",
    content = text_member(reading.text) or json.null,
    refusal = text_member(reading.refusal) or json.null,
    reasoning_content = text_member(reading.reasoning, "\n\n"),
    thinking_blocks = value.listed(reading.thoughts),
    tool_calls = value.listed(reading.calls),
    annotations = value.listed(reading.annotations),
  }
end

--- OpenAI's finish_reason for how a response ended.
---@param answer any the Response object
---@param has_calls boolean
---@return string
local function reason_of(answer, has_calls)
  local why = typed(typed(answer, "incomplete_details", "table"), "reason", "string")
  if why == "content_filter" then return "content_filter" end
  if why == "max_output_tokens" or typed(answer, "status", "string") == "incomplete" then return "length" end
  return has_calls and "tool_calls" or "stop"
end

---@param answer any the Response object
---@param call DialectCall
---@return Envelope
local function envelope_of(answer, call)
  return {
    id = "chatcmpl-" .. (typed(answer, "id", "string") or call.id or "unknown"), created = call.created,
    model = typed(answer, "model", "string") or call.requested_model or call.model,
  }
end

--- What chat has and the neutral answer has not.
local function completed(text, answer, reading)
  local tier = typed(answer, "service_tier", "string")
  if not tier and #reading.logprobs == 0 then return text end
  local body = json.decode(text)
  body.service_tier = tier
  if #reading.logprobs > 0 then
    body.choices[1].logprobs = { content = json.array(reading.logprobs), refusal = json.null }
  end
  return json.encode(body)
end

--- Translates the answer; a failed response is a failure.
---@param call DialectCall
---@param text string
---@return string? text, Usage|Failure|nil
local function translate(call, text)
  local answer = json.decode(text)
  local problem = faults.of_response(answer)
  if problem then return nil, problem end
  local items = typed(answer, "output", "table")
  if not items then return nil, failure.answer("the upstream provider's answer is not a response") end
  local reading, counts = read_items(items), usage.neutral(member(answer, "usage"))
  local reason = reason_of(answer, #reading.calls > 0)
  local made = reply.whole(envelope_of(answer, call), message_of(reading), reason, counts)
  return completed(made, answer, reading), counts
end

return {
  translate = translate, envelope = envelope_of, reason = reason_of, thought = thought, note = note_of,
  call_id = call_id,
}
