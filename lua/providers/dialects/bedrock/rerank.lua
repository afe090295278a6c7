-- SPDX-License-Identifier: Apache-2.0
--- Rerank by the agent runtime, which names a model by its ARN.

local json = require "gateway.json"
local random = require "gateway.random"

local failure = require "providers.dialects.neutral.failure"
local models = require "providers.dialects.bedrock.models"
local naming = require "providers.dialects.bedrock.naming"
local neutral = require "providers.dialects.neutral.rerank"
local place = require "providers.dialects.bedrock.place"
local value = require "providers.dialects.neutral.value"

local typed = value.typed

local DOCUMENTS_OF_A_UNIT = 100 -- of what is billed
local PARTITIONS = { { "^cn%-", "aws-cn" }, { "^us%-gov%-", "aws-us-gov" } }

local function partition(region)
  for _, known in ipairs(PARTITIONS) do
    if region:find(known[1]) then return known[2] end
  end
  return "aws"
end

local function arn_of(call)
  if call.model:find "^arn:" then return call.model end
  local region = call.variables.region or "us-east-1"
  return ("arn:%s:bedrock:%s::foundation-model/%s"):format(partition(region), region, models.bare(call.model))
end

local function source_of(text)
  return { type = "INLINE", inlineDocumentSource = { type = "TEXT", textDocument = { text = text } } }
end

---@param call DialectCall
---@return DialectRequest? request, Failure? failure
local function request(call)
  local ranking, problem = neutral.asked(call.request)
  if not ranking then return nil, problem end
  local sources = json.array {}
  for i, text in ipairs(ranking.documents) do sources[i] = source_of(text) end
  return place.of_agent(call, "/rerank", {
    queries = json.array { { type = "TEXT", textQuery = { text = ranking.query } } },
    sources = sources,
    rerankingConfiguration = {
      type = "BEDROCK_RERANKING_MODEL",
      bedrockRerankingConfiguration = {
        modelConfiguration = { modelArn = arn_of(call) },
        numberOfResults = math.min(ranking.top_n or #sources, #sources),
      },
    },
  })
end

---@param call DialectCall
---@param text string
---@return string? text, Usage|Failure|nil
local function response(call, text)
  local ranking, problem = neutral.asked(call.request)
  if not ranking then return nil, problem end
  local results, scores = typed(json.decode(text), "results", "table"), {}
  if not results then return nil, failure.answer("the upstream provider's answer is no ranking") end
  for i, result in ipairs(results) do
    scores[i] = {
      index = typed(result, "index", "number"), relevance_score = value.member(result, "relevanceScore"),
    }
  end
  local made, bad_answer = neutral.whole(ranking, {
    id = "rerank-" .. random.hex(12), model = naming.model(call), scores = scores,
  })
  if not made then return nil, bad_answer end
  return made, { search_units = math.ceil(#ranking.documents / DOCUMENTS_OF_A_UNIT) }
end

return { request = request, response = response }
