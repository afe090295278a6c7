-- SPDX-License-Identifier: Apache-2.0
--- Writes the events of one answer: which block is open, and what number the next one has.

local json = require "gateway.json"

local value = require "providers.dialects.neutral.value"

local typed = value.typed

---@class EventWriter
---@field out string[] bytes not taken yet
---@field kind "thinking"|"text"|"call"|nil of the open block
---@field index integer of the open block, or the next one
---@field head string what every delta of the open block begins with

---@return EventWriter
local function new()
  return { out = {}, kind = nil, index = 0 }
end

---@param writer EventWriter
---@param name string
---@param body table
local function put(writer, name, body)
  writer.out[#writer.out + 1] = "event: " .. name .. "\ndata: " .. json.encode(body) .. "\n\n"
end

--- Ends the open block, if there is one.
---@param writer EventWriter
local function close(writer)
  if not writer.kind then return end
  put(writer, "content_block_stop", { type = "content_block_stop", index = writer.index })
  writer.kind, writer.index = nil, writer.index + 1
end

-- What a delta of a block is called, and the member that holds its words.
local DELTAS = {
  text = '{"type":"text_delta","text":', thinking = '{"type":"thinking_delta","thinking":',
  call = '{"type":"input_json_delta","partial_json":',
}

--- Ends the open block and begins another.
---@param writer EventWriter
---@param kind "thinking"|"text"|"call"
---@param block table
local function start(writer, kind, block)
  close(writer)
  put(writer, "content_block_start", { type = "content_block_start", index = writer.index, content_block = block })
  writer.kind = kind
  writer.head = ('event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,"delta":%s'):format(
    writer.index, DELTAS[kind])
end

--- Words for the open block.
---@param writer EventWriter
---@param text string
local function delta(writer, text)
  writer.out[#writer.out + 1] = writer.head .. json.encode(text) .. "}}\n\n"
end

local FRESH = {
  text = function() return { type = "text", text = "" } end,
  thinking = function() return { type = "thinking", thinking = "", signature = "" } end,
}

--- Words of a kind: a block of it is begun unless one is open. Nothing begins nothing.
---@param writer EventWriter
---@param kind "thinking"|"text"
---@param text string
local function text_delta(writer, kind, text)
  if text == "" then return end
  if writer.kind ~= kind then start(writer, kind, FRESH[kind]()) end
  delta(writer, text)
end

local function sign(writer, signature)
  put(writer, "content_block_delta", {
    type = "content_block_delta", index = writer.index, delta = { type = "signature_delta", signature = signature },
  })
end

--- A whole thinking block of another answer's: its words have come as deltas before, or come now.
---@param writer EventWriter
---@param block table
local function signed(writer, block)
  if typed(block, "type", "string") == "redacted_thinking" then
    start(writer, "thinking", { type = "redacted_thinking", data = typed(block, "data", "string") or "" })
    close(writer)
    return
  end
  if writer.kind ~= "thinking" then
    start(writer, "thinking", FRESH.thinking())
    text_delta(writer, "thinking", typed(block, "thinking", "string") or "")
  end
  local signature = typed(block, "signature", "string")
  if signature and signature ~= "" then sign(writer, signature) end
  close(writer)
end

--- A block that carries another vendor's signature and no words.
---@param writer EventWriter
---@param signature string
local function foreign(writer, signature)
  start(writer, "thinking", FRESH.thinking())
  sign(writer, "google:" .. signature)
  close(writer)
end

--- The bytes so far.
---@param writer EventWriter
---@return string
local function taken(writer)
  local bytes = table.concat(writer.out)
  writer.out = {}
  return bytes
end

return {
  new = new, put = put, close = close, start = start, delta = delta, text = text_delta, signed = signed,
  foreign = foreign, taken = taken,
}
