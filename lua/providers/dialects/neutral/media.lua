-- SPDX-License-Identifier: Apache-2.0
--- Inline bytes of content parts: data URLs and files, and the media types they truly have.

local value = require "providers.dialects.neutral.value"

local typed = value.typed

local RENAMED = {
  ["image/jpg"] = "image/jpeg", ["image/pjpeg"] = "image/jpeg", ["application/x-pdf"] = "application/pdf",
}

-- First base64 characters of the formats that are told by their first bytes.
local MAGIC = {
  { "iVBORw0KGgo", "image/png" }, { "/9j/", "image/jpeg" }, { "R0lGOD", "image/gif" }, { "UklGR", "image/webp" },
  { "JVBERi0", "application/pdf" },
}

--- The media type that the first bytes tell.
---@param data string base64
---@return string?
local function sniffed(data)
  for _, magic in ipairs(MAGIC) do
    if data:sub(1, #magic[1]) == magic[1] then return magic[2] end
  end
  return nil
end

---@class Payload inline bytes of a part
---@field media string media type, maybe empty
---@field data string base64

--- `data:image/png;base64,....` in its pieces; nil when it is not base64.
---@param text string
---@return Payload?
local function data_url(text)
  local head, data = text:match("^[dD][aA][tT][aA]:([^,]*),()")
  if not head or not head:lower():find(";%s*base64%s*$") then return nil end
  local media = head:match("^[^;]*"):lower()
  data = text:sub(data)
  return { media = sniffed(data) or RENAMED[media] or media, data = data }
end

--- The address of an `image_url` part, which clients write as an object or as a plain string.
---@param part table
---@return string?
local function image_url(part)
  local image = part.image_url
  local url = type(image) == "table" and typed(image, "url", "string") or image
  return type(url) == "string" and url or nil
end

--- What a file part's `file_data` holds; nil for a data URL that is not base64.
---@param data string
---@param name string? the file's
---@return Payload?
local function file_payload(data, name)
  local payload = data_url(data)
  if payload then return payload end
  if data:find("^[dD][aA][tT][aA]:") then return nil end
  local media = sniffed(data) or name and name:lower():find("%.txt$") and "text/plain" or ""
  return { media = media, data = data }
end

return { data_url = data_url, sniffed = sniffed, image_url = image_url, file_payload = file_payload }
