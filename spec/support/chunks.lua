-- SPDX-License-Identifier: Apache-2.0
--- Streams of a transcript: read, joined so that the cut of text deltas does not matter, fed in any pieces.

local eventstream = require "gateway.eventstream"
local json = require "gateway.json"
local ndjson = require "gateway.ndjson"
local sse = require "gateway.sse"

local chunks = {}

--- The payloads of an SSE body, decoded; "[DONE]" stays text.
function chunks.read(text)
  local list = {}
  for _, event in ipairs(assert(sse.new():feed(text))) do
    list[#list + 1] = event.data == "[DONE]" and event.data or assert(json.decode(event.data))
  end
  return list
end

--- The only member of a delta that holds text, and where that text is.
local function text_of(chunk)
  local choice = type(chunk) == "table" and chunk.choices and chunk.choices[1]
  local delta = choice and choice.delta
  if not delta or delta.role then return nil end
  for _, name in ipairs { "content", "reasoning_content" } do
    if type(delta[name]) == "string" then return name, delta, name end
  end
  local call = delta.tool_calls and delta.tool_calls[1]
  if call and not call.id then return "call" .. call.index, call["function"], "arguments" end
  return nil
end

--- Joins neighbouring fragments of one text.
function chunks.joined(list)
  local result, last_kind = {}, nil
  local last_holder, last_name
  for _, chunk in ipairs(list) do
    local kind, holder, name = text_of(chunk)
    if kind and kind == last_kind then
      last_holder[last_name] = last_holder[last_name] .. holder[name]
    else
      result[#result + 1] = chunk
      last_kind, last_holder, last_name = kind, holder, name
    end
  end
  return result
end

local function payload_of_failure(failure)
  return {
    error = { message = failure.message, type = failure.type, param = failure.param, code = failure.code },
  }
end

--- How a stream is cut into events, by the dialect's framing: makes an object with feed(piece) -> events.
chunks.splitters = { sse = sse.new, ndjson = ndjson.new, eventstream = eventstream.new }

-- What the reply makes of a damaged frame, and of half a one (runtime/process/reply.c).
local CORRUPT = {
  status = 502, type = "api_error", code = "upstream_stream_corrupt",
  message = "The upstream stream was corrupt (checksum mismatch).",
}
local TRUNCATED = {
  status = 502, type = "api_error", code = "upstream_stream_truncated",
  message = "The upstream stream ended before it was complete.",
}

local function append(list, payloads)
  for _, payload in ipairs(payloads or {}) do
    list[#list + 1] = assert(json.decode(payload))
  end
end

local function translate_piece(dialect, state, splitter, piece, list)
  local events, broken = splitter:feed(piece)
  for _, event in ipairs(events or {}) do
    local payloads, failure = dialect.event(state, event.name, event.data)
    append(list, payloads)
    if not payloads then return failure end
  end
  return broken and CORRUPT
end

local function translate(dialect, state, pieces, list)
  local splitter = chunks.splitters[dialect.framing or "sse"]()
  for _, piece in ipairs(pieces) do
    local failure = translate_piece(dialect, state, splitter, piece, list)
    if failure then return failure end
  end
  if dialect.framing == "eventstream" and not splitter:at_boundary() then return TRUNCATED end
  for _, event in ipairs(dialect.framing == "ndjson" and splitter:feed("\n") or {}) do
    append(list, (dialect.event(state, event.name, event.data)))
  end
  local payloads, failure = dialect.finish(state)
  append(list, payloads)
  return not payloads and failure or nil
end

--- What a client would see of a stream that arrives in these pieces, and the failure before anything was seen.
--- `headers` are the answer's.
function chunks.translated(dialect, call, pieces, headers)
  local state, list = dialect.stream(call, headers or {}), {}
  local failure = translate(dialect, state, pieces, list)
  if failure and #list == 0 then return nil, failure, state end
  list[#list + 1] = failure and payload_of_failure(failure) or "[DONE]"
  return list, failure, state
end

--- The text cut after byte `at`.
function chunks.cut(text, at)
  return { text:sub(1, at), text:sub(at + 1) }
end

--- The text in pieces of `size` bytes.
function chunks.pieces(text, size)
  local list = {}
  for at = 1, #text, size do
    list[#list + 1] = text:sub(at, at + size - 1)
  end
  return list
end

return chunks
