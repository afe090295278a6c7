-- SPDX-License-Identifier: Apache-2.0
--- A whole answer of generateContent as a `chat.completion`.

local json = require "gateway.json"

local failure = require "providers.dialects.neutral.failure"
local faults = require "providers.dialects.gemini.failure"
local finish = require "providers.dialects.gemini.finish"
local grounding = require "providers.dialects.gemini.grounding"
local logprobs = require "providers.dialects.gemini.logprobs"
local parts = require "providers.dialects.gemini.parts"
local reply = require "providers.dialects.neutral.reply"
local usage = require "providers.dialects.gemini.usage"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

---@class GeminiReading a candidate while its parts are read
---@field names table<string, string>?
---@field text string[]
---@field reasoning string[]
---@field calls table[]
---@field images table[]
---@field audio string[] base64
---@field signature string? of the text

local TAKE = {
  text = function(reading, piece)
    reading.text[#reading.text + 1] = piece.text
  end,
  reasoning = function(reading, piece)
    reading.reasoning[#reading.reasoning + 1] = piece.text
  end,
  call = function(reading, piece)
    reading.calls[#reading.calls + 1] = {
      id = parts.id_of(piece.call), type = "function",
      ["function"] = { name = parts.name_of(piece.call, reading.names), arguments = parts.arguments_of(piece.call) },
      extra_content = parts.extra(piece.signature),
    }
  end,
  image = function(reading, piece)
    reading.images[#reading.images + 1] = parts.image(piece, #reading.images)
  end,
  audio = function(reading, piece)
    reading.audio[#reading.audio + 1] = piece.data
  end,
  other = function() end,
}

local function read_candidate(candidate, names)
  local reading = { names = names, text = {}, reasoning = {}, calls = {}, images = {}, audio = {} }
  for _, part in ipairs(typed(typed(candidate, "content", "table"), "parts", "table") or {}) do
    local piece = parts.read(part)
    TAKE[piece.kind](reading, piece)
    if piece.kind ~= "call" then reading.signature = piece.signature or reading.signature end
  end
  return reading
end

local function audio_of(reading, id)
  if #reading.audio == 0 then return nil end
  return { id = "audio_" .. id, data = table.concat(reading.audio), transcript = "" }
end

local function message_of(reading, candidate, id)
  local text, reasoning = table.concat(reading.text), table.concat(reading.reasoning)
  return {
    role = "assistant",
    content = text ~= "" and text or json.null,
    refusal = finish.refusal(candidate) or json.null,
    reasoning_content = reasoning ~= "" and reasoning or nil,
    tool_calls = value.listed(reading.calls),
    images = value.listed(reading.images),
    audio = audio_of(reading, id),
    annotations = grounding.annotations(candidate, reading.text),
    extra_content = parts.extra(reading.signature),
  }
end

local function is_useless(reading)
  return table.concat(reading.text) == "" and #reading.calls == 0 and #reading.images == 0 and #reading.audio == 0
end

local function choice_of(candidate, position, call, id)
  local reading = read_candidate(candidate, (call.kept or {}).names)
  local reason = typed(candidate, "finishReason", "string")
  local broken = is_useless(reading) and finish.broken(reason, candidate)
  if is_useless(reading) and not reason then broken = finish.empty() end
  if broken then return nil, broken end
  return {
    index = typed(candidate, "index", "number") or position - 1,
    message = message_of(reading, candidate, id),
    logprobs = logprobs.of_candidate(candidate) or json.null,
    finish_reason = finish.reason(reason, #reading.calls > 0),
  }
end

local function choices_of(candidates, call, id)
  local list = json.array {}
  for position, candidate in ipairs(candidates) do
    if type(candidate) ~= "table" then return nil, finish.empty() end
    local choice, problem = choice_of(candidate, position, call, id)
    if not choice then return nil, problem end
    list[position] = choice
  end
  return list
end

--- A prompt that was blocked is answered, with nothing but the reason.
local function refused(why)
  local message = { role = "assistant", content = json.null, refusal = why }
  return json.array { { index = 0, message = message, logprobs = json.null, finish_reason = "content_filter" } }
end

local function id_of(answer, call)
  return typed(answer, "responseId", "string") or call.id or "unknown"
end

local function envelope_of(answer, call)
  return {
    id = "chatcmpl-" .. id_of(answer, call), created = call.created,
    model = typed(answer, "modelVersion", "string") or call.requested_model or call.model,
  }
end

--- Translates the answer; an error body with a good status is a failure.
---@param call DialectCall
---@param text string
---@return string? text, Usage|Failure|nil
local function translate(call, text)
  local answer = json.decode(text, parts.RAW)
  if type(answer) ~= "table" then return nil, failure.answer("the upstream provider's answer is not JSON") end
  if typed(answer[1] or answer, "error", "table") then return nil, faults.of_event(text) end
  local candidates, why = typed(answer, "candidates", "table"), finish.blocked(answer)
  local none = not candidates or candidates[1] == nil
  if none and not why then return nil, finish.empty() end
  local choices, problem
  if none then
    choices = refused(why)
  else
    choices, problem = choices_of(candidates, call, id_of(answer, call))
  end
  if not choices then return nil, problem end
  local counts = usage.update(nil, member(answer, "usageMetadata"))
  return reply.answer(envelope_of(answer, call), choices, counts), counts
end

return { translate = translate }
