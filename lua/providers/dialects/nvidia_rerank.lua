-- SPDX-License-Identifier: Apache-2.0
--- NVIDIA's reranking: {query: {text}, passages: [{text}]} in, rankings with logits out, which have no bounds: the
--- gateway's scores are between 0 and 1.

local failure = require "providers.dialects.neutral.failure"
local faults = require "providers.dialects.openai.failure"
local json = require "gateway.json"
local rerank = require "providers.dialects.neutral.rerank"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

---@param call DialectCall
---@param provider Provider
---@return DialectRequest? request, Failure? failure
local function request(call, provider)
  local ranking, problem = rerank.asked(call.request)
  if not ranking then return nil, problem end
  call.kept.ranking = ranking
  local passages = json.array {}
  for i, text in ipairs(ranking.documents) do passages[i] = { text = text } end
  return { path = provider.paths.rerank, body = json.encode {
    model = call.model, query = { text = ranking.query }, passages = passages,
    truncate = member(call.request, "truncate"),
  } }
end

local function sigmoid(logit)
  return 1 / (1 + math.exp(-logit))
end

---@param call DialectCall
---@param text string
---@return string? text, Usage|Failure|nil
local function response(call, text)
  local answer = json.decode(text)
  local rankings, scores = typed(answer, "rankings", "table"), {}
  if not rankings then return nil, failure.answer("the upstream provider's answer is not a ranking") end
  for i, item in ipairs(rankings) do
    local logit = typed(item, "logit", "number")
    scores[i] = { index = member(item, "index"), relevance_score = logit and sigmoid(logit) }
  end
  local made, problem = rerank.whole(call.kept.ranking, {
    id = typed(answer, "id", "string") or call.id, model = call.model, scores = scores,
    usage = typed(answer, "usage", "table"),
  })
  if not made then return nil, problem end
  local tokens = typed(typed(answer, "usage", "table"), "total_tokens", "number")
  return made, { prompt_tokens = tokens, total_tokens = tokens }
end

---@type Dialect
return {
  name = "nvidia_rerank", failure = faults.of_answer,
  surfaces = { rerank = { raw_keys = {}, request = request, response = response } },
}
