-- SPDX-License-Identifier: Apache-2.0
--- OpenAI content parts as Anthropic content blocks.

local base64 = require "gateway.base64"
local json = require "gateway.json"

local failure = require "providers.dialects.neutral.failure"
local media = require "providers.dialects.neutral.media"
local value = require "providers.dialects.neutral.value"

local typed = value.typed

local IMAGES = { ["image/jpeg"] = true, ["image/png"] = true, ["image/gif"] = true, ["image/webp"] = true }
local function text_block(part)
  return { type = "text", text = part.text }
end

local function image_of(payload)
  return { type = "image", source = { type = "base64", media_type = payload.media, data = payload.data } }
end

local function pdf_of(payload)
  return { type = "document", source = { type = "base64", media_type = "application/pdf", data = payload.data } }
end

--- Nil for what is no text after all.
local function text_of(payload)
  local text = base64.decode(payload.data)
  if not text or not json.encode(text) then return nil end
  return { type = "document", source = { type = "text", media_type = "text/plain", data = text } }
end

--- The block for inline bytes; nil for a media type that Anthropic does not read.
local function inline(payload)
  if IMAGES[payload.media] then return image_of(payload) end
  if payload.media == "application/pdf" then return pdf_of(payload) end
  if payload.media:find("^text/") then return text_of(payload) end
  return nil
end

local function unreadable(what, kind)
  local message = "%s of type %q cannot be sent to this provider: it takes JPEG, PNG, GIF, WebP, PDF and text"
  return failure.request(message:format(what, kind), "messages", "unsupported_content")
end

local function image_block(part)
  local url = media.image_url(part)
  if not url then
    return nil, failure.request("image_url must have a url", "messages")
  end
  if url:find("^https?://") then return { type = "image", source = { type = "url", url = url } } end
  local payload = media.data_url(url)
  if not payload then
    return nil, failure.request("image_url must be an http(s) URL or a base64 data URL", "messages")
  end
  local block = inline(payload)
  if not block then return nil, unreadable("an image", payload.media) end
  return block
end

local function file_block(part)
  local file = typed(part, "file", "table")
  local id, data = typed(file, "file_id", "string"), typed(file, "file_data", "string")
  if id then return { type = "document", source = { type = "file", file_id = id } } end
  if not data then
    return nil, failure.request("a file part needs file_data or file_id", "messages")
  end
  local name = typed(file, "filename", "string")
  local payload = media.file_payload(data, name)
  local block = payload and inline(payload)
  if not block then return nil, unreadable("a file", payload and payload.media or "data URL") end
  if block.type == "document" then block.title = name end
  return block
end

local BLOCKS = { text = text_block, image_url = image_block, file = file_block }

--- One part as a block; the part's cache marker stays on it.
---@param part table
---@return table? block, Failure? failure
local function block(part)
  local make = BLOCKS[part.type]
  if not make then
    return nil, failure.request(("content parts of type %q cannot be sent to this provider"):format(part.type),
      "messages", "unsupported_content")
  end
  local made, problem = make(part)
  if not made then return nil, problem end
  made.cache_control = typed(part, "cache_control", "table")
  return made
end

--- Appends the blocks of `parts` to `list`.
---@param list table[]
---@param parts table[]
---@return Failure?
local function append(list, parts)
  for _, part in ipairs(parts) do
    local made, problem = block(part)
    if not made then return problem end
    list[#list + 1] = made
  end
  return nil
end

return { append = append }
