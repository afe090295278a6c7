-- SPDX-License-Identifier: Apache-2.0
--- Rankings of vendors whose answers are lists of index and score, under one name or another.

local failure = require "providers.dialects.neutral.failure"
local json = require "gateway.json"
local rerank = require "providers.dialects.neutral.rerank"
local value = require "providers.dialects.neutral.value"

local typed = value.typed

--- The client's answer. The gateway adds the documents itself: vendors give them in several forms.
---@param call DialectCall
---@param text string
---@return string? text, Usage|Failure|nil
local function response(call, text)
  local answer = json.decode(text)
  local scores = typed(answer, "results", "table") or typed(answer, "data", "table")
  if not scores then return nil, failure.answer("the upstream provider's answer is not a ranking") end
  local usage = typed(answer, "usage", "table")
  local made, problem = rerank.whole(call.kept.ranking, {
    id = typed(answer, "id", "string") or call.id, model = call.model, scores = scores, usage = usage,
  })
  if not made then return nil, problem end
  local tokens = typed(usage, "total_tokens", "number")
  return made, { prompt_tokens = tokens, total_tokens = tokens }
end

return { response = response }
