-- SPDX-License-Identifier: Apache-2.0
--- Jina's embeddings and rankings.

local embeddings = require "providers.dialects.neutral.embeddings"
local failure = require "providers.dialects.neutral.failure"
local json = require "gateway.json"
local rankings = require "providers.dialects.tasks.rankings"
local rerank = require "providers.dialects.neutral.rerank"
local statuses = require "providers.dialects.neutral.statuses"
local value = require "providers.dialects.neutral.value"
local vectors = require "providers.dialects.tasks.vectors"

local member, typed = value.member, value.typed

-- Jina's own members that a client may put into an OpenAI body, and one that is called alike.
local EXTENSIONS = { "task", "dimensions", "normalized", "late_chunking", "truncate" }

local function is_part(item)
  return typed(item, "text", "string") ~= nil or typed(item, "image", "string") ~= nil
end

--- Texts, or objects with a text or an image, as Jina takes them.
local function inputs_of(request)
  local given = member(request, "input")
  if type(given) ~= "table" or type(given[1]) ~= "table" or given[1][1] ~= nil then
    return embeddings.texts(request)
  end
  for i, item in ipairs(given) do
    if type(item) ~= "string" and not is_part(item) then
      return nil, failure.request("input must hold texts, or objects with text or image", ("input[%d]"):format(i - 1))
    end
  end
  return given
end

local function embed(call, provider)
  local inputs, problem = inputs_of(call.request)
  if not inputs then return nil, problem end
  local body = { model = call.model, input = inputs, embedding_type = member(call.request, "embedding_type") }
  if not body.embedding_type and embeddings.wants_base64(call.request) then body.embedding_type = "base64" end
  for _, name in ipairs(EXTENSIONS) do body[name] = member(call.request, name) end
  return { path = provider.paths.embeddings, body = json.encode(body) }
end

--- Documents are true by default there; ours are the client's own, so none need come back.
local function rank(call, provider)
  local ranking, problem = rerank.asked(call.request)
  if not ranking then return nil, problem end
  call.kept.ranking = ranking
  return { path = provider.paths.rerank, body = json.encode {
    model = call.model, query = ranking.query, documents = ranking.documents,
    top_n = member(call.request, "top_n"), return_documents = false,
  } }
end

---@type Dialect
return {
  name = "jina",
  failure = statuses.of_answer,
  surfaces = {
    embeddings = { raw_keys = {}, request = embed, response = vectors.response },
    rerank = { raw_keys = {}, request = rank, response = rankings.response },
  },
}
