-- SPDX-License-Identifier: Apache-2.0
--- Where an answer's statements come from: Perplexity lists addresses beside it and writes [1], [2] into its text;
--- OpenAI's clients read annotations.

local json = require "gateway.json"
local value = require "providers.dialects.neutral.value"

local typed = value.typed

local function sources_of(answer)
  local results, list = typed(answer, "search_results", "table"), {}
  for i, result in ipairs(results or {}) do
    list[i] = { url = typed(result, "url", "string"), title = typed(result, "title", "string") }
  end
  for i, url in ipairs(typed(answer, "citations", "table") or {}) do
    if type(url) == "string" and not (list[i] and list[i].url) then list[i] = { url = url } end
  end
  return list
end

local function annotation(source, from, to)
  return {
    type = "url_citation",
    url_citation = { start_index = from, end_index = to, url = source.url, title = source.title or "" },
  }
end

--- An annotation for each mark in the text; for a source without one, at the end. Places are counted in characters.
---@param answer table the whole answer
---@param text string?
---@return table[]? annotations
local function of(answer, text)
  local sources, list, marked = sources_of(answer), json.array {}, {}
  if #sources == 0 then return nil end
  text = text or ""
  for from, number, to in text:gmatch "()%[(%d+)%]()" do
    local source = sources[tonumber(number)]
    if source and source.url then
      local before = value.characters(text:sub(1, from - 1))
      list[#list + 1] = annotation(source, before, before + (to - from))
      marked[source] = true
    end
  end
  local ends = value.characters(text)
  for _, source in ipairs(sources) do
    if source.url and not marked[source] then list[#list + 1] = annotation(source, ends, ends) end
  end
  return #list > 0 and list or nil
end

return { of = of }
