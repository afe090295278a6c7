-- SPDX-License-Identifier: Apache-2.0
--- Voyage's embeddings and rankings.

local embeddings = require "providers.dialects.neutral.embeddings"
local failure = require "providers.dialects.neutral.failure"
local json = require "gateway.json"
local rankings = require "providers.dialects.tasks.rankings"
local rerank = require "providers.dialects.neutral.rerank"
local statuses = require "providers.dialects.neutral.statuses"
local value = require "providers.dialects.neutral.value"
local vectors = require "providers.dialects.tasks.vectors"

local member = value.member

local MOST = 1000 -- texts, or documents, of one call

-- Voyage's own members that a client may put into an OpenAI body.
local EXTENSIONS = { "input_type", "truncation", "output_dtype" }

local function too_many(name)
  return failure.request(("%s may hold %d texts for this provider"):format(name, MOST), name)
end

--- `encoding_format: "float"` is refused there: it is what one gets unasked.
local function embed(call, provider)
  local texts, problem = embeddings.texts(call.request)
  if not texts then return nil, problem end
  if #texts > MOST then return nil, too_many "input" end
  local body = {
    model = call.model, input = texts, output_dimension = member(call.request, "dimensions"),
    encoding_format = embeddings.wants_base64(call.request) and "base64" or nil,
  }
  for _, name in ipairs(EXTENSIONS) do body[name] = member(call.request, name) end
  return { path = provider.paths.embeddings, body = json.encode(body) }
end

local function rank(call, provider)
  local ranking, problem = rerank.asked(call.request)
  if not ranking then return nil, problem end
  if #ranking.documents > MOST then return nil, too_many "documents" end
  call.kept.ranking = ranking
  return { path = provider.paths.rerank, body = json.encode {
    model = call.model, query = ranking.query, documents = ranking.documents,
    top_k = member(call.request, "top_n"), truncation = member(call.request, "truncation"),
  } }
end

---@type Dialect
return {
  name = "voyage",
  failure = statuses.of_answer,
  surfaces = {
    embeddings = { raw_keys = {}, request = embed, response = vectors.response },
    rerank = { raw_keys = {}, request = rank, response = rankings.response },
  },
}
