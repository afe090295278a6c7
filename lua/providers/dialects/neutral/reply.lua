-- SPDX-License-Identifier: Apache-2.0
--- Answers as OpenAI's clients expect them: the whole `chat.completion`, and the chunks of a stream.

local json = require "gateway.json"
local usage = require "providers.dialects.neutral.usage"

---@class Envelope what every chunk of one answer repeats
---@field id string
---@field created integer Unix seconds
---@field model string

local function head_of(envelope)
  return ('{"id":%s,"object":"chat.completion","created":%d,"model":%s,"choices":['):format(
    json.encode(envelope.id), envelope.created, json.encode(envelope.model))
end

local function tail_of(counts)
  return counts and '],"usage":' .. usage.text(counts) .. "}" or "]}"
end

--- The whole answer of several choices.
---@param envelope Envelope
---@param choices table[] marked as an array
---@param counts Usage?
---@return string text
local function answer(envelope, choices, counts)
  return head_of(envelope) .. json.encode(choices):sub(2, -2) .. tail_of(counts)
end

--- The whole answer of one choice. What every answer has is written out at once: only what may be anything is encoded.
---@param envelope Envelope
---@param message table the assistant message
---@param reason string finish_reason
---@param counts Usage?
---@param logprobs table? of the choice
---@return string text
local function whole(envelope, message, reason, counts, logprobs)
  return head_of(envelope) .. '{"index":0,"message":' .. json.encode(message) .. ',"logprobs":'
    .. (logprobs and json.encode(logprobs) or "null") .. ',"finish_reason":' .. json.encode(reason) .. "}"
    .. tail_of(counts)
end

---@class Chunks
---@field bare string JSON text before the choices
---@field head string JSON text before the delta
---@field tail string JSON text after a delta that does not finish

--- What all chunks of a stream share is written once: a chunk then costs one concatenation.
---@param envelope Envelope
---@param index integer? of the choice, 0 by default
---@return Chunks
local function chunks(envelope, index)
  local head = ('{"id":%s,"object":"chat.completion.chunk","created":%d,"model":%s,"choices":['):format(
    json.encode(envelope.id), envelope.created, json.encode(envelope.model))
  return {
    bare = head,
    head = ('%s{"index":%d,"delta":'):format(head, index or 0),
    tail = ',"logprobs":null,"finish_reason":null}]}',
  }
end

--- A chunk whose delta has one text member: `content`, `reasoning_content`, `refusal`.
---@param made Chunks
---@param name string
---@param text string
---@return string
local function text_delta(made, name, text)
  return made.head .. '{"' .. name .. '":' .. json.encode(text) .. "}" .. made.tail
end

---@param made Chunks
---@param fields table
---@param logprobs table? of this piece
---@return string
local function delta(made, fields, logprobs)
  if not logprobs then return made.head .. json.encode(fields) .. made.tail end
  return ('%s%s,"logprobs":%s,"finish_reason":null}]}'):format(made.head, json.encode(fields), json.encode(logprobs))
end

--- A fragment of a tool call's arguments.
---@param made Chunks
---@param index integer which call
---@param text string
---@return string
local function arguments(made, index, text)
  return ('%s{"tool_calls":[{"index":%d,"function":{"arguments":%s}}]}%s'):format(
    made.head, index, json.encode(text), made.tail)
end

---@param made Chunks
---@param reason string
---@return string
local function finish(made, reason)
  return made.head .. '{},"logprobs":null,"finish_reason":' .. json.encode(reason) .. "}]}"
end

---@param made Chunks
---@param counts Usage
---@return string
local function counted(made, counts)
  return made.bare .. '],"usage":' .. usage.text(counts) .. "}"
end

return {
  answer = answer,
  whole = whole,
  chunks = chunks,
  text_delta = text_delta,
  delta = delta,
  arguments = arguments,
  finish = finish,
  counted = counted,
}
