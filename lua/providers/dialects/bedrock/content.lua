-- SPDX-License-Identifier: Apache-2.0
--- OpenAI content parts as Converse's content blocks. Bedrock fetches nothing from the web: what a client names by its
--- address is fetched here.

local base64 = require "gateway.base64"

local documents = require "providers.dialects.bedrock.documents"
local failure = require "providers.dialects.neutral.failure"
local media = require "providers.dialects.neutral.media"
local value = require "providers.dialects.neutral.value"

local typed = value.typed

local LARGEST = 8 * 1024 * 1024 -- of what is fetched; the vendor's own limit for images is lower
local IMAGES = { ["image/jpeg"] = "jpeg", ["image/png"] = "png", ["image/gif"] = "gif", ["image/webp"] = "webp" }
local VIDEOS = {
  ["video/mp4"] = "mp4", ["video/quicktime"] = "mov", ["video/x-matroska"] = "mkv", ["video/webm"] = "webm",
  ["video/x-flv"] = "flv", ["video/mpeg"] = "mpeg", ["video/x-ms-wmv"] = "wmv", ["video/3gpp"] = "three_gp",
}
local EXTENSIONS = { png = "png", jpg = "jpeg", jpeg = "jpeg", gif = "gif", webp = "webp" }
local PICTURE_NOTE = "(an image that this model does not read in a tool result)"

---@class Scene what the blocks of one request share
---@field call DialectCall
---@field model BedrockModel
---@field names Names
---@field ids fun(id: string): string a call's id in the vendor's spelling
---@field documents table<string, boolean> names in use

local function unreadable(what, kind)
  local message = "%s of type %q cannot be sent to this provider: it takes JPEG, PNG, GIF, WebP, and common documents"
  return failure.request(message:format(what, kind), "messages", "unsupported_content")
end

--- The payload behind a web address.
local function fetched(scene, url)
  local fetch = scene.call.fetch
  if not fetch then
    return nil, failure.request("this provider reads no web addresses: send the image as a data URL", "messages")
  end
  local bytes, kind = fetch(url, { max_bytes = LARGEST })
  if not bytes then return nil, kind end
  local data = base64.encode(bytes)
  local plain = type(kind) == "string" and kind:match "^%s*([^;%s]*)" or ""
  return { media = media.sniffed(data) or plain:lower(), data = data }
end

local function payload_of(scene, url)
  if url:find "^https?://" then return fetched(scene, url) end
  local payload = media.data_url(url)
  if payload then return payload end
  return nil, failure.request("image_url must be an http(s) URL or a base64 data URL", "messages")
end

local function document_of(scene, payload, filename)
  local format = documents.format_of(payload.media, filename)
  if not format then return nil end
  return {
    document = {
      format = format, name = documents.name_of(filename, scene.documents), source = { bytes = payload.data },
    },
  }
end

--- The block for bytes; nil for what Bedrock does not read.
local function block_of(scene, payload, filename)
  local image, video = IMAGES[payload.media], VIDEOS[payload.media]
  if image then return { image = { format = image, source = { bytes = payload.data } } } end
  if video then return { video = { format = video, source = { bytes = payload.data } } } end
  return document_of(scene, payload, filename)
end

local function stored_image(url)
  local format = EXTENSIONS[(url:lower():match "%.(%w+)$")] or "jpeg"
  return { image = { format = format, source = { s3Location = { uri = url } } } }
end

local function image_block(scene, part)
  local url = media.image_url(part)
  if not url then return nil, failure.request("image_url must have a url", "messages") end
  if url:find "^s3://" then return stored_image(url) end
  local payload, problem = payload_of(scene, url)
  if not payload then return nil, problem end
  local block = block_of(scene, payload)
  if not block then return nil, unreadable("an image", payload.media) end
  return block
end

local function file_payload(scene, data, name)
  if data:find "^https?://" then return fetched(scene, data) end
  local payload = media.file_payload(data, name)
  if payload then return payload end
  return nil, failure.request("file_data must be base64, or a base64 data URL", "messages")
end

local function file_block(scene, part)
  local file = typed(part, "file", "table")
  local data, name = typed(file, "file_data", "string"), typed(file, "filename", "string")
  if not data then
    return nil, failure.request("a file part needs file_data: this provider keeps no files", "messages",
      "unsupported_content")
  end
  local payload, problem = file_payload(scene, data, name)
  if not payload then return nil, problem end
  local block = block_of(scene, payload, name)
  if not block then return nil, unreadable("a file", payload.media) end
  return block
end

local function audio_block(_, part)
  local audio = typed(part, "input_audio", "table")
  local data, format = typed(audio, "data", "string"), typed(audio, "format", "string")
  if not data or not format then
    return nil, failure.request("input_audio needs data and format", "messages")
  end
  return { audio = { format = format, source = { bytes = data } } }
end

local function video_block(scene, part)
  local url = media.image_url { image_url = part.video_url }
  if not url then return nil, failure.request("video_url must have a url", "messages") end
  if url:find "^s3://" then return { video = { format = "mp4", source = { s3Location = { uri = url } } } } end
  local payload, problem = payload_of(scene, url)
  if not payload then return nil, problem end
  local block = block_of(scene, payload)
  if not block then return nil, unreadable("a video", payload.media) end
  return block
end

local function text_block(_, part)
  return { text = part.text }
end

local BLOCKS = {
  text = text_block, image_url = image_block, file = file_block, input_audio = audio_block, video_url = video_block,
}

--- The mark behind which everything before it may be read from a cache; nil for models that have no such marks.
---@param scene Scene
---@param mark table? the client's cache_control
---@return table?
local function cache_point(scene, mark)
  if not mark or not scene.model.caches then return nil end
  local hour = scene.model.hours and mark.ttl == "1h"
  return { cachePoint = { type = "default", ttl = hour and "1h" or nil } }
end

--- Appends the blocks of `parts` to `list`, a cache point behind each part that has a marker.
---@param scene Scene
---@param list table[]
---@param parts table[]
---@return Failure?
local function append(scene, list, parts)
  for _, part in ipairs(parts) do
    local make = BLOCKS[part.type]
    if not make then
      return failure.request(("content parts of type %q cannot be sent to this provider"):format(part.type),
        "messages", "unsupported_content")
    end
    local block, problem = make(scene, part)
    if not block then return problem end
    list[#list + 1] = block
    list[#list + 1] = cache_point(scene, typed(part, "cache_control", "table"))
  end
  return nil
end

--- The same inside a tool result, which holds no cache points and, with some models, no images.
---@param scene Scene
---@param list table[]
---@param parts table[]
---@return Failure?
local function append_result(scene, list, parts)
  for _, part in ipairs(parts) do
    if part.type == "image_url" and not scene.model.result_images then
      list[#list + 1] = { text = PICTURE_NOTE }
    else
      local problem = append({ call = scene.call, model = {}, documents = scene.documents }, list, { part })
      if problem then return problem end
    end
  end
  if #list == 0 then list[1] = { text = "(empty)" } end
  return nil
end

return { append = append, append_result = append_result, cache_point = cache_point }
