-- SPDX-License-Identifier: Apache-2.0
--- Where an answer's words come from: Google counts bytes of UTF-8, OpenAI's annotations characters.

local json = require "gateway.json"
local value = require "providers.dialects.neutral.value"

local typed = value.typed

local function annotation(chunk, from, to)
  local web = typed(chunk, "web", "table") or typed(chunk, "retrievedContext", "table") or typed(chunk, "maps", "table")
  local url = typed(web, "uri", "string")
  if not url then return nil end
  return {
    type = "url_citation",
    url_citation = { start_index = from, end_index = to, url = url, title = typed(web, "title", "string") },
  }
end

--- Characters of the text before a byte of one part.
local function character(texts, part, byte)
  local before = table.concat(texts, "", 1, math.min(part, #texts))
  return value.characters(before) + value.characters((texts[part + 1] or ""):sub(1, byte))
end

local function add_support(list, chunks, support, texts)
  local segment = typed(support, "segment", "table")
  local part = typed(segment, "partIndex", "number") or 0
  local from = character(texts, part, typed(segment, "startIndex", "number") or 0)
  local to = character(texts, part, typed(segment, "endIndex", "number") or 0)
  for _, index in ipairs(typed(support, "groundingChunkIndices", "table") or {}) do
    local number = json.number(index)
    list[#list + 1] = number and annotation(chunks[number + 1], from, to)
  end
end

--- The annotations of a candidate; nil when there are none.
---@param candidate table
---@param texts string[] its text parts
---@return table[]?
local function annotations(candidate, texts)
  local metadata = typed(candidate, "groundingMetadata", "table")
  local chunks, supports = typed(metadata, "groundingChunks", "table"), typed(metadata, "groundingSupports", "table")
  if not chunks or not supports then return nil end
  local list = json.array {}
  for _, support in ipairs(supports) do
    add_support(list, chunks, support, texts)
  end
  return #list > 0 and list or nil
end

return { annotations = annotations }
