-- SPDX-License-Identifier: Apache-2.0
--- Embeddings of vendors whose answers are OpenAI's: `data` with vectors, a usage that may tell of one counter only.

local embeddings = require "providers.dialects.neutral.embeddings"
local failure = require "providers.dialects.neutral.failure"
local json = require "gateway.json"
local value = require "providers.dialects.neutral.value"

local typed = value.typed

--- The client's answer.
---@param call DialectCall
---@param text string
---@return string? text, Usage|Failure|nil
local function response(call, text)
  local answer = json.decode(text)
  local data, vectors = typed(answer, "data", "table"), {}
  if not data or #data == 0 then
    return nil, failure.answer("the upstream provider's answer holds no embeddings")
  end
  for i, item in ipairs(data) do
    vectors[(typed(item, "index", "number") or i - 1) + 1] = value.member(item, "embedding")
  end
  if #vectors ~= #data then
    return nil, failure.answer("the upstream provider's embeddings are not numbered from 0")
  end
  local usage = typed(answer, "usage", "table")
  local tokens = typed(usage, "prompt_tokens", "number") or typed(usage, "total_tokens", "number")
  return embeddings.whole(call.request, call.model, vectors, tokens)
end

return { response = response }
