-- SPDX-License-Identifier: Apache-2.0
--- Reranking: what clients ask, and the gateway's answer around the scores that a vendor gives.

local failure = require "providers.dialects.neutral.failure"
local json = require "gateway.json"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

---@class Ranking what the client asks
---@field query string
---@field documents string[] as texts
---@field top_n integer?
---@field returns boolean the answer shall hold the documents

local function sorted_keys(object)
  local keys = {}
  for key in pairs(object) do keys[#keys + 1] = tostring(key) end
  table.sort(keys)
  return keys
end

--- An object as lines of its fields: what rerankers read best.
local function lines_of(object)
  local lines = {}
  for i, key in ipairs(sorted_keys(object)) do
    local field = object[key]
    lines[i] = key .. ": " .. (type(field) == "string" and field or json.encode(field) or "")
  end
  return table.concat(lines, "\n")
end

local function text_of(document)
  if type(document) == "string" then return document end
  if type(document) ~= "table" then return nil end
  return typed(document, "text", "string") or lines_of(document)
end

local function documents_of(request)
  local given = typed(request, "documents", "table")
  if not given or given[1] == nil then return nil, failure.request("documents is required", "documents") end
  local list = json.array {}
  for i, document in ipairs(given) do
    list[i] = text_of(document)
    if not list[i] then
      return nil, failure.request("documents must be strings or objects", ("documents[%d]"):format(i - 1))
    end
  end
  return list
end

--- Reads the client's request.
---@param request table
---@return Ranking? ranking, Failure? failure
local function asked(request)
  local query = typed(request, "query", "string")
  if not query or query == "" then return nil, failure.request("query is required", "query") end
  local documents, problem = documents_of(request)
  if not documents then return nil, problem end
  local top = typed(request, "top_n", "number")
  if member(request, "top_n") ~= nil and (not top or top < 1 or top ~= math.floor(top)) then
    return nil, failure.request("top_n must be a positive integer", "top_n")
  end
  return { query = query, documents = documents, top_n = top, returns = request.return_documents == true }
end

---@class Scored one document's score
---@field index integer from 0
---@field relevance_score number

--- The best first; of equal ones the one that the client wrote first.
local function before(a, b)
  local left, right = json.number(a.relevance_score), json.number(b.relevance_score)
  if left ~= right then return left > right end
  return json.number(a.index) < json.number(b.index)
end

local function is_scored(item, count)
  local index = typed(item, "index", "number")
  return index ~= nil and index >= 0 and index < count and typed(item, "relevance_score", "number") ~= nil
end

---@class Ranked what the vendor says
---@field id string?
---@field model string
---@field scores Scored[] in any order
---@field meta table? the client's `meta`
---@field usage table? the client's `usage`

--- The whole answer: sorted, cut to what was asked for, with the documents where the client wants them.
---@param ranking Ranking
---@param ranked Ranked
---@return string? text, Failure? failure
local function whole(ranking, ranked)
  local results = json.array {}
  for i, item in ipairs(ranked.scores) do
    if not is_scored(item, #ranking.documents) then
      return nil, failure.answer("the upstream provider's answer is no ranking of the documents")
    end
    results[i] = { index = item.index, relevance_score = item.relevance_score }
  end
  table.sort(results, before)
  for i = #results, (ranking.top_n or #results) + 1, -1 do results[i] = nil end
  for _, result in ipairs(ranking.returns and results or {}) do
    result.document = { text = ranking.documents[json.number(result.index) + 1] }
  end
  return json.encode {
    id = ranked.id, model = ranked.model, results = results, meta = ranked.meta, usage = ranked.usage,
  }
end

return { asked = asked, whole = whole }
