-- SPDX-License-Identifier: Apache-2.0
--- DeepInfra's reranking: {queries, documents} to the model's own address, scores in the order of the documents back.

local failure = require "providers.dialects.neutral.failure"
local faults = require "providers.dialects.openai.failure"
local json = require "gateway.json"
local path = require "providers.dialects.neutral.path"
local rerank = require "providers.dialects.neutral.rerank"
local value = require "providers.dialects.neutral.value"

local typed = value.typed

---@param call DialectCall
---@param provider Provider
---@return DialectRequest? request, Failure? failure
local function request(call, provider)
  local ranking, problem = rerank.asked(call.request)
  if not ranking then return nil, problem end
  call.kept.ranking = ranking
  return {
    path = path.fill(provider.paths.rerank, call.model),
    body = json.encode { queries = json.array { ranking.query }, documents = ranking.documents },
  }
end

---@param call DialectCall
---@param text string
---@return string? text, Usage|Failure|nil
local function response(call, text)
  local answer = json.decode(text)
  local numbers, scores = typed(answer, "scores", "table"), {}
  if type(numbers and numbers[1]) == "table" then numbers = numbers[1] end -- a list for each query
  if not numbers or #numbers ~= #call.kept.ranking.documents then
    return nil, failure.answer("the upstream provider's answer does not rank every document")
  end
  for i, number in ipairs(numbers) do scores[i] = { index = i - 1, relevance_score = number } end
  local made, problem = rerank.whole(call.kept.ranking, {
    id = typed(answer, "request_id", "string") or call.id, model = call.model, scores = scores,
  })
  if not made then return nil, problem end
  local tokens = typed(answer, "input_tokens", "number")
  return made, { prompt_tokens = tokens, total_tokens = tokens }
end

---@type Dialect
return {
  name = "deepinfra_rerank", failure = faults.of_answer,
  surfaces = { rerank = { raw_keys = {}, request = request, response = response } },
}
