-- SPDX-License-Identifier: Apache-2.0
--- OpenAI content parts as Google's parts.

local base64 = require "gateway.base64"

local failure = require "providers.dialects.neutral.failure"
local media = require "providers.dialects.neutral.media"
local value = require "providers.dialects.neutral.value"

local typed = value.typed

local FETCH_BYTES = 20 * 1024 * 1024

-- Of a URL's end, where nothing else tells.
local BY_EXTENSION = {
  png = "image/png", jpg = "image/jpeg", jpeg = "image/jpeg", webp = "image/webp", gif = "image/gif",
  heic = "image/heic", heif = "image/heif", pdf = "application/pdf", txt = "text/plain", md = "text/markdown",
  html = "text/html", csv = "text/csv", json = "application/json", mp3 = "audio/mp3", wav = "audio/wav",
  flac = "audio/flac", ogg = "audio/ogg", aac = "audio/aac", aiff = "audio/aiff", mp4 = "video/mp4",
  mov = "video/quicktime", webm = "video/webm", mpeg = "video/mpeg", mpg = "video/mpeg",
}

---@class GeminiScene what the rendering of a conversation shares
---@field call DialectCall
---@field traits GeminiTraits
---@field names Names
---@field ids boolean whether calls have ids on this host
---@field signed_from integer? the turn from which on a call without signature needs the words that stand for one

local function file_data(uri, mime)
  return { fileData = { fileUri = uri, mimeType = mime } }
end

local function inline(mime, data)
  return { inlineData = { mimeType = mime, data = data } }
end

local function extension_type(url)
  local extension = url:gsub("[?#].*$", ""):match "%.(%w+)$"
  return extension and BY_EXTENSION[extension:lower()]
end

--- What Google holds or reads by itself, whatever the model.
local function is_googles(url)
  return url:find "^gs://" or url:find "^https://generativelanguage%.googleapis%.com/"
    or url:find "^https://www%.youtube%.com/" or url:find "^https://youtube%.com/" or url:find "^https://youtu%.be/"
end

local function fetched(url, scene)
  local bytes, kind = scene.call.fetch(url, { max_bytes = FETCH_BYTES })
  if not bytes then return nil, kind end
  local data = base64.encode(bytes)
  local mime = media.sniffed(data) or type(kind) == "string" and kind:match "^[%w%-%+%.]+/[%w%-%+%.]+"
  return inline(mime or extension_type(url) or "image/jpeg", data)
end

--- A file that lies elsewhere.
local function remote(url, scene, otherwise)
  if is_googles(url) then
    local video = url:find "youtu" and "video/mp4"
    return file_data(url, extension_type(url) or video or otherwise)
  end
  if scene.traits.fetches or not scene.call.fetch then return file_data(url, extension_type(url) or otherwise) end
  return fetched(url, scene)
end

local function is_remote(url)
  return url:find "^https?://" or url:find "^gs://"
end

local function text_part(part)
  return { text = part.text }
end

local function image_part(part, scene)
  local url = media.image_url(part)
  if not url then return nil, failure.request("image_url must have a url", "messages") end
  if is_remote(url) then return remote(url, scene, "image/jpeg") end
  local payload = media.data_url(url)
  if not payload then
    return nil, failure.request("image_url must be an http(s) or gs URL, or a base64 data URL", "messages")
  end
  return inline(payload.media ~= "" and payload.media or "image/jpeg", payload.data)
end

local function audio_part(part)
  local audio = typed(part, "input_audio", "table")
  local data, format = typed(audio, "data", "string"), typed(audio, "format", "string")
  if not data or not format then
    return nil, failure.request("input_audio needs data and format", "messages")
  end
  return inline(format:find("/", 1, true) and format or "audio/" .. format:lower(), data)
end

local function file_part(part, scene)
  local file = typed(part, "file", "table")
  local id, data = typed(file, "file_id", "string"), typed(file, "file_data", "string")
  if id and is_remote(id) then return remote(id, scene, "application/pdf") end
  if id then
    return nil, failure.request("a file_id of another provider cannot be sent to this one: send file_data", "messages",
      "unsupported_content")
  end
  local name = typed(file, "filename", "string")
  local payload = data and media.file_payload(data, name)
  if not payload then
    return nil, failure.request("a file part needs file_data, or a file_id that is a URL", "messages")
  end
  local mime = payload.media ~= "" and payload.media or name and extension_type(name) or "application/pdf"
  return inline(mime, payload.data)
end

local function video_part(part, scene)
  local video = part.video_url
  local url = type(video) == "table" and typed(video, "url", "string") or video
  if type(url) ~= "string" then return nil, failure.request("video_url must have a url", "messages") end
  if is_remote(url) then return remote(url, scene, "video/mp4") end
  local payload = media.data_url(url)
  if not payload then return nil, failure.request("video_url must be a URL, or a base64 data URL", "messages") end
  return inline(payload.media ~= "" and payload.media or "video/mp4", payload.data)
end

local PARTS = {
  text = text_part, image_url = image_part, input_audio = audio_part, file = file_part, video_url = video_part,
}

--- Appends Google's parts for `parts` to `list`.
---@param list table[]
---@param parts table[]
---@param scene GeminiScene
---@return Failure?
local function append(list, parts, scene)
  for _, part in ipairs(parts) do
    local make = PARTS[part.type]
    if not make then
      return failure.request(("content parts of type %q cannot be sent to this provider"):format(part.type), "messages",
        "unsupported_content")
    end
    local made, problem = make(part, scene)
    if not made then return problem end
    list[#list + 1] = made
  end
  return nil
end

return { append = append }
