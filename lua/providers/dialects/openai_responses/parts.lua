-- SPDX-License-Identifier: Apache-2.0
--- Content parts of the Responses API as those of chat.

local failure = require "providers.dialects.neutral.failure"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

local function text_part(part, path)
  local text = typed(part, "text", "string")
  if not text then return nil, failure.request("text must be a string", path .. ".text") end
  return { type = "text", text = text, prompt_cache_breakpoint = member(part, "prompt_cache_breakpoint") }
end

local function refusal_part(part, path)
  local text = typed(part, "refusal", "string")
  if not text then return nil, failure.request("refusal must be a string", path .. ".refusal") end
  return { type = "refusal", refusal = text }
end

local function image_part(part, path)
  local url, id = member(part, "image_url"), typed(part, "file_id", "string")
  local detail = typed(part, "detail", "string")
  if type(url) == "table" then
    detail, url = detail or typed(url, "detail", "string"), typed(url, "url", "string")
  end
  local made
  if type(url) == "string" then
    made = { type = "image_url", image_url = { url = url, detail = detail } }
  elseif id then
    made = { type = "file", file = { file_id = id } }
  else
    return nil, failure.request("an input_image needs image_url or file_id", path)
  end
  made.prompt_cache_breakpoint = member(part, "prompt_cache_breakpoint")
  return made
end

local function file_part(part, path)
  local file = {
    file_id = typed(part, "file_id", "string"), file_data = typed(part, "file_data", "string"),
    filename = typed(part, "filename", "string"),
  }
  if not file.file_id and not file.file_data then
    if typed(part, "file_url", "string") then
      return nil, failure.request("file_url is not available for this model: send file_data", path .. ".file_url",
        "unsupported_parameter")
    end
    return nil, failure.request("an input_file needs file_data or file_id", path)
  end
  return { type = "file", file = file, prompt_cache_breakpoint = member(part, "prompt_cache_breakpoint") }
end

local function audio_part(part, path)
  local audio = typed(part, "input_audio", "table")
  if not audio then return nil, failure.request("input_audio must be an object", path .. ".input_audio") end
  return {
    type = "input_audio", input_audio = audio, prompt_cache_breakpoint = member(part, "prompt_cache_breakpoint"),
  }
end

local MAKE = {
  input_text = text_part, output_text = text_part, text = text_part, summary_text = text_part,
  reasoning_text = text_part, refusal = refusal_part, input_image = image_part, input_file = file_part,
  input_audio = audio_part,
}

local function part_of(part, path)
  local make = MAKE[typed(part, "type", "string")]
  if make then return make(part, path) end
  local kind = typed(part, "type", "string")
  if not kind then return nil, failure.request("a content part must be an object with a type", path) end
  return nil, failure.request(("content parts of type %q are not available for this model"):format(kind), path,
    "unsupported_parameter")
end

--- The parts of a content: a string, or a list.
---@param content any
---@param path string where it stands, for messages
---@return table[]? parts in chat's form, Failure? failure
local function read(content, path)
  if type(content) == "string" then return { { type = "text", text = content } } end
  if type(content) ~= "table" or content.type then
    return nil, failure.request("content must be a string or an array of parts", path)
  end
  local list = {}
  for at, part in ipairs(content) do
    local made, problem = part_of(part, ("%s[%d]"):format(path, at - 1))
    if not made then return nil, problem end
    list[#list + 1] = made
  end
  return list
end

--- The texts of parts in one string, and what is no text.
---@param parts table[]
---@param separator string
---@return string text, table[] others
local function split(parts, separator)
  local texts, others = {}, {}
  for _, part in ipairs(parts) do
    if part.type == "text" then
      texts[#texts + 1] = part.text
    else
      others[#others + 1] = part
    end
  end
  return table.concat(texts, separator), others
end

return { read = read, split = split }
