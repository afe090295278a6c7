-- SPDX-License-Identifier: Apache-2.0
--- The parts of Gemini's clients as OpenAI's content parts.

local failure = require "providers.dialects.neutral.failure"
local spelt = require "providers.dialects.gemini.spelt"

local FORMATS = { mpeg = "mp3", ["x-wav"] = "wav", wave = "wav", ["x-flac"] = "flac" }

--- "audio/mp3" is "mp3".
local function format_of(mime)
  local kind = mime:match "^audio/([%w%-%.%+]+)" or "wav"
  return FORMATS[kind] or kind
end

local EXTENSIONS = { ["application/pdf"] = "pdf", ["text/plain"] = "txt", ["text/csv"] = "csv", ["text/html"] = "html" }

local function inline_part(inline)
  local mime, data = spelt.typed(inline, "mimeType", "string"), spelt.typed(inline, "data", "string")
  if not mime or not data then return nil, failure.request("inlineData needs mimeType and data", "contents") end
  local url = ("data:%s;base64,%s"):format(mime, data)
  if mime:find "^image/" then return { type = "image_url", image_url = { url = url } } end
  if mime:find "^audio/" then
    return { type = "input_audio", input_audio = { data = data, format = format_of(mime) } }
  end
  if mime:find "^video/" then return { type = "video_url", video_url = { url = url } } end
  local name = "file." .. (EXTENSIONS[mime] or mime:match "([%w]+)$" or "bin")
  return { type = "file", file = { filename = name, file_data = url } }
end

--- A file that lies elsewhere: OpenAI knows addresses of images only; Google's own dialects take any.
local function file_part(file, google)
  local uri = spelt.typed(file, "fileUri", "string")
  local mime = spelt.typed(file, "mimeType", "string") or ""
  if not uri then return nil, failure.request("fileData needs fileUri", "contents") end
  if mime:find "^image/" then return { type = "image_url", image_url = { url = uri } } end
  if google then return { type = "file", file = { file_id = uri } } end
  return nil, failure.request(("a file of type %q cannot be sent by its address to this provider: send inlineData")
    :format(mime), "contents", "unsupported_content")
end

--- The OpenAI part for one that is neither call nor result; nil without a failure for what has no counterpart.
---@param part table
---@param google boolean the one who is asked takes Google's own files
---@return table? part, Failure? failure
local function content_part(part, google)
  local text = spelt.typed(part, "text", "string")
  if text then return text ~= "" and { type = "text", text = text } or nil end
  local inline, file = spelt.typed(part, "inlineData", "table"), spelt.typed(part, "fileData", "table")
  if inline then return inline_part(inline) end
  if file then return file_part(file, google) end
  return nil
end

--- Text parts of a content joined by a line break each.
---@param content any a content, a list of parts, or plain text
---@return string
local function joined(content)
  if type(content) == "string" then return content end
  local texts = {}
  for _, part in ipairs(spelt.typed(content, "parts", "table") or type(content) == "table" and content or {}) do
    texts[#texts + 1] = spelt.typed(part, "text", "string")
  end
  local single = spelt.typed(content, "text", "string")
  if #texts == 0 and single then return single end
  return table.concat(texts, "\n")
end

return { content_part = content_part, joined = joined }
