-- SPDX-License-Identifier: Apache-2.0
--- Anthropic's content blocks as OpenAI's content parts.

local base64 = require "gateway.base64"
local json = require "gateway.json"

local failure = require "providers.dialects.neutral.failure"
local value = require "providers.dialects.neutral.value"

local typed = value.typed

local add

local function text_part(text, block, wants)
  return { type = "text", text = text, cache_control = wants.claude and typed(block, "cache_control", "table") or nil }
end

--- What says nothing is left out: several vendors refuse it.
local function add_text(list, block, wants)
  local text = typed(block, "text", "string")
  if text and text ~= "" then list[#list + 1] = text_part(text, block, wants) end
  return nil
end

local function elsewhere(what, where)
  return failure.request(what .. " can only be sent to Anthropic", where, "unsupported_content")
end

local function add_image(list, block, _, where)
  local source = typed(block, "source", "table")
  local kind, url = typed(source, "type", "string"), nil
  if kind == "base64" then
    local media, data = typed(source, "media_type", "string"), typed(source, "data", "string")
    url = data and ("data:%s;base64,%s"):format(media or "image/png", data)
  elseif kind == "url" then
    url = typed(source, "url", "string")
  elseif kind == "file" then
    return elsewhere("an image that is a file of the Files API", where)
  end
  if not url then return failure.request("an image needs a source with data or url", where) end
  list[#list + 1] = { type = "image_url", image_url = { url = url } }
  return nil
end

--- Title and context of a document, in front of its text.
local function add_heading(list, block, wants)
  for _, name in ipairs { "title", "context" } do
    local text = typed(block, name, "string")
    if text and text ~= "" then list[#list + 1] = text_part(text, nil, wants) end
  end
end

local function add_pdf(list, block, source, where)
  local data = typed(source, "data", "string")
  if not data then return failure.request("a document's source needs data", where) end
  local media = typed(source, "media_type", "string") or "application/pdf"
  list[#list + 1] = {
    type = "file",
    file = {
      filename = typed(block, "title", "string") or "document.pdf",
      file_data = ("data:%s;base64,%s"):format(media, data),
    },
  }
  return nil
end

local function add_base64(list, block, source, where, wants)
  local media = typed(source, "media_type", "string") or "application/pdf"
  local text = media:find "^text/" and base64.decode(typed(source, "data", "string") or "")
  if not text or not json.encode(text) then return add_pdf(list, block, source, where) end
  add_heading(list, block, wants)
  return add_text(list, { text = text }, wants)
end

local function add_content(list, block, source, where, wants)
  add_heading(list, block, wants)
  local content = source.content
  if type(content) == "string" then return add_text(list, { text = content }, wants) end
  return add(list, typed(source, "content", "table"), wants, where)
end

local SOURCES = {
  base64 = add_base64,
  content = add_content,
  text = function(list, block, source, _, wants)
    add_heading(list, block, wants)
    return add_text(list, { text = typed(source, "data", "string") }, wants)
  end,
  url = function(_, _, _, where) return elsewhere("a document behind a URL", where) end,
  file = function(list, block, source, where, wants)
    local id = typed(source, "file_id", "string")
    if not wants.claude or not id then return elsewhere("a document of the Files API", where) end
    list[#list + 1] = { type = "file", file = { file_id = id, filename = typed(block, "title", "string") } }
    return nil
  end,
}

local function add_document(list, block, wants, where)
  local source = typed(block, "source", "table")
  local take = SOURCES[typed(source, "type", "string")]
  if not take then return failure.request("a document needs a source", where) end
  return take(list, block, source, where, wants)
end

--- Title, source, and what was found, a line each.
local function add_search_result(list, block, wants)
  local lines = { typed(block, "title", "string"), typed(block, "source", "string") }
  for _, found in ipairs(typed(block, "content", "table") or {}) do
    lines[#lines + 1] = typed(found, "text", "string")
  end
  return add_text(list, { text = table.concat(lines, "\n"), cache_control = block.cache_control }, wants)
end

local function add_reference(list, block, wants)
  local name = typed(block, "tool_name", "string") or typed(block, "name", "string") or "?"
  return add_text(list, { text = ("Tool %s is available."):format(name) }, wants)
end

local TAKE = {
  text = add_text, image = add_image, document = add_document, search_result = add_search_result,
  tool_reference = add_reference,
}

--- Appends the parts of `blocks`. What has no counterpart (results of Anthropic's own tools) is left out.
---@param list table[]
---@param blocks table[]?
---@param wants Wants
---@param where string the place, for a failure
---@return Failure?
add = function(list, blocks, wants, where)
  for index, block in ipairs(blocks or {}) do
    local take = TAKE[typed(block, "type", "string")]
    local problem = take and take(list, block, wants, ("%s[%d]"):format(where, index - 1))
    if problem then return problem end
  end
  return nil
end

--- The texts of `parts` in one, and the other parts.
---@param parts table[]
---@param between string
---@return string text, table[] rest
local function split(parts, between)
  local texts, rest = {}, {}
  for _, part in ipairs(parts) do
    if part.type == "text" then
      texts[#texts + 1] = part.text
    else
      rest[#rest + 1] = part
    end
  end
  return table.concat(texts, between), rest
end

--- A message's content: a plain string when a single text says it all.
---@param parts table[]
---@return string|table
local function content(parts)
  local only = #parts == 1 and parts[1]
  if only and only.type == "text" and not only.cache_control then return only.text end
  return json.array(parts)
end

return { add = add, split = split, content = content }
