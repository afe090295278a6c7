-- SPDX-License-Identifier: Apache-2.0
--- Reranking by Cohere and by everybody who speaks its form of it. Version 2 takes texts only and gives none back.

local failure = require "providers.dialects.neutral.failure"
local json = require "gateway.json"
local rerank = require "providers.dialects.neutral.rerank"
local usage = require "providers.dialects.cohere.usage"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

-- Members of the form's relatives, which a client may put into its body.
local EXTENSIONS = { "max_tokens_per_doc", "max_chunks_per_doc", "overlap_tokens", "instruction", "rank_fields",
  "priority", "user", "truncate_prompt_tokens" }

--- Builds the vendor's request.
---@param call DialectCall
---@param provider Provider
---@return DialectRequest? request, Failure? failure
local function request(call, provider)
  local ranking, problem = rerank.asked(call.request)
  if not ranking then return nil, problem end
  call.kept.ranking = ranking
  local body = {
    model = call.model, query = ranking.query, documents = ranking.documents, top_n = member(call.request, "top_n"),
  }
  for _, name in ipairs(EXTENSIONS) do body[name] = member(call.request, name) end
  return { path = provider.paths.rerank, body = json.encode(body) }
end

local function billed_units(answer)
  return typed(typed(answer, "meta", "table"), "billed_units", "table")
end

--- The client's `meta`: what was billed and counted.
local function meta_of(answer)
  local meta = typed(answer, "meta", "table")
  local billed, tokens = billed_units(answer), typed(meta, "tokens", "table")
  if not billed and not tokens then return nil end
  return { billed_units = billed, tokens = tokens }
end

local function usage_of(answer)
  local billed = billed_units(answer)
  local tokens = typed(typed(answer, "meta", "table"), "tokens", "table")
  local reported = typed(answer, "usage", "table")
  return {
    search_units = usage.whole(billed, "search_units"),
    prompt_tokens = usage.whole(tokens, "input_tokens") or usage.whole(billed, "input_tokens")
      or usage.whole(reported, "prompt_tokens") or usage.whole(reported, "total_tokens"),
    total_tokens = usage.whole(reported, "total_tokens"),
  }
end

---@param call DialectCall
---@param text string
---@return string? text, Usage|Failure|nil
local function response(call, text)
  local answer = json.decode(text)
  local scores = typed(answer, "results", "table") or typed(answer, "data", "table")
  if not scores then return nil, failure.answer("the upstream provider's answer is not a ranking") end
  local made, problem = rerank.whole(call.kept.ranking, {
    id = typed(answer, "id", "string") or call.id, model = call.model, scores = scores, meta = meta_of(answer),
    usage = typed(answer, "usage", "table"),
  })
  if not made then return nil, problem end
  return made, usage_of(answer)
end

---@type Operation
return { raw_keys = {}, request = request, response = response }
