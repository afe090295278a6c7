-- SPDX-License-Identifier: Apache-2.0
--- Embeddings by Ollama.

local embeddings = require "providers.dialects.neutral.embeddings"
local failure = require "providers.dialects.neutral.failure"
local json = require "gateway.json"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

-- Ollama's own members that a client may put into an OpenAI body, and those that are called alike.
local EXTENSIONS = { "dimensions", "truncate", "options", "keep_alive" }

--- Builds the vendor's request.
---@param call DialectCall
---@return DialectRequest? request, Failure? failure
local function request(call, provider)
  local texts, problem = embeddings.texts(call.request)
  if not texts then return nil, problem end
  call.kept.count = #texts
  local body = { model = call.model, input = texts }
  for _, name in ipairs(EXTENSIONS) do body[name] = member(call.request, name) end
  return { path = provider.paths.embeddings, body = json.encode(body) }
end

---@param call DialectCall
---@param text string
---@return string? text, Usage|Failure|nil
local function response(call, text)
  local answer = json.decode(text)
  local vectors = typed(answer, "embeddings", "table")
  if not vectors or #vectors ~= (call.kept.count or #vectors) then
    return nil, failure.answer("the upstream provider's answer does not hold the embeddings that were asked for")
  end
  return embeddings.whole(call.request, typed(answer, "model", "string") or call.model, vectors,
    typed(answer, "prompt_eval_count", "number"))
end

---@type Operation
return { raw_keys = {}, request = request, response = response }
