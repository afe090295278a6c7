-- SPDX-License-Identifier: Apache-2.0
--- The parts of an answer, one kind each, as what OpenAI's answers and chunks are made of.

local json = require "gateway.json"
local random = require "gateway.random"

local ordered = require "providers.dialects.neutral.ordered"
local value = require "providers.dialects.neutral.value"

local typed = value.typed

-- The order and the number spelling of arguments are the model's.
local RAW = { raw = { args = true } }

---@class GeminiPiece one part
---@field kind "text"|"reasoning"|"call"|"image"|"audio"|"other"
---@field text string? of text and reasoning, maybe empty
---@field call table? the vendor's functionCall
---@field media string? of image and audio
---@field data string? base64
---@field signature string?

--- Signatures as OpenAI's clients carry them.
---@param signature string?
---@return table? extra_content
local function extra(signature)
  return signature and { google = { thought_signature = signature } } or nil
end

local function inline_piece(inline, signature)
  local media, data = typed(inline, "mimeType", "string") or "", typed(inline, "data", "string")
  local kind = media:find "^image/" and "image" or media:find "^audio/" and "audio" or "other"
  return { kind = data and kind or "other", media = media, data = data, signature = signature }
end

---@param part any
---@return GeminiPiece
local function read(part)
  local signature = typed(part, "thoughtSignature", "string")
  local call, inline = typed(part, "functionCall", "table"), typed(part, "inlineData", "table")
  if call then return { kind = "call", call = call, signature = signature } end
  if inline then return inline_piece(inline, signature) end
  local text = typed(part, "text", "string")
  if not text then return { kind = "other", signature = signature } end
  return { kind = typed(part, "thought", "boolean") and "reasoning" or "text", text = text, signature = signature }
end

--- The id of a call: the vendor's, or one of our own where it gives none.
---@param call table
---@return string
local function id_of(call)
  local id = typed(call, "id", "string")
  return id and id ~= "" and id or "call_" .. random.alphanumeric(24)
end

---@param call table
---@param names table<string, string>? the vendor's names to the client's
---@return string
local function name_of(call, names)
  local name = typed(call, "name", "string") or ""
  return names and names[name] or name
end

---@param call table
---@return string JSON text
local function arguments_of(call)
  local args = value.member(call, "args")
  return args ~= nil and ordered.compact(json.encode(args)) or "{}"
end

--- An image as clients of multimodal models read it.
---@param piece GeminiPiece
---@param index integer
---@return table
local function image(piece, index)
  return {
    index = index, type = "image_url", image_url = { url = ("data:%s;base64,%s"):format(piece.media, piece.data) },
  }
end

return {
  RAW = RAW, read = read, extra = extra, id_of = id_of, name_of = name_of, arguments_of = arguments_of, image = image,
}
