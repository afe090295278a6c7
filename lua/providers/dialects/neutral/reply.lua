-- SPDX-License-Identifier: Apache-2.0
--- Answers as OpenAI's clients expect them: the whole `chat.completion`, and the chunks of a stream.

local json = require "gateway.json"
local usage = require "providers.dialects.neutral.usage"

---@class Envelope what every chunk of one answer repeats
---@field id string
---@field created integer Unix seconds
---@field model string

--- The whole answer.
---@param envelope Envelope
---@param choices table[] marked as an array
---@param counts Usage?
---@return string text
local function answer(envelope, choices, counts)
  return json.encode {
    id = envelope.id, object = "chat.completion", created = envelope.created, model = envelope.model,
    choices = choices, usage = counts and usage.render(counts) or nil,
  }
end

--- The whole answer of one choice.
---@param envelope Envelope
---@param message table the assistant message
---@param reason string finish_reason
---@param counts Usage?
---@param logprobs table? of the choice
---@return string text
local function whole(envelope, message, reason, counts, logprobs)
  local choice = { index = 0, message = message, logprobs = logprobs or json.null, finish_reason = reason }
  return answer(envelope, json.array { choice }, counts)
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
  return made.bare .. '],"usage":' .. json.encode(usage.render(counts)) .. "}"
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
