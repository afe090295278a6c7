-- SPDX-License-Identifier: Apache-2.0
--- Embeddings by Cohere: at most 96 texts a call, so more of them go in several.

local embeddings = require "providers.dialects.neutral.embeddings"
local failure = require "providers.dialects.neutral.failure"
local faults = require "providers.dialects.cohere.failure"
local json = require "gateway.json"
local usage = require "providers.dialects.cohere.usage"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

local MOST_TEXTS, DEFAULT_TYPE = 96, "search_document"

-- Cohere's own members that a client may put into an OpenAI body.
local EXTENSIONS = { "truncate", "max_tokens", "priority" }

local function body_of(call, texts, kind)
  local request = call.request
  local body = {
    model = call.model, texts = json.array(texts), embedding_types = json.array { kind },
    input_type = typed(request, "input_type", "string") or DEFAULT_TYPE,
    output_dimension = member(request, "dimensions"),
  }
  for _, name in ipairs(EXTENSIONS) do body[name] = member(request, name) end
  return json.encode(body)
end

--- The vectors and the number of tokens of one answer.
local function read(call, text)
  local answer = json.decode(text)
  local vectors = typed(typed(answer, "embeddings", "table"), call.kept.kind, "table")
  if not vectors or #vectors == 0 then
    return nil, failure.answer("the upstream provider's answer holds no embeddings")
  end
  local billed = typed(typed(answer, "meta", "table"), "billed_units", "table")
  return vectors, usage.whole(billed, "input_tokens")
end

local function add(call, text)
  local vectors, tokens = read(call, text)
  if not vectors then return tokens end
  for _, vector in ipairs(vectors) do call.kept.vectors[#call.kept.vectors + 1] = vector end
  if tokens then call.kept.tokens = (call.kept.tokens or 0) + tokens end
  return nil
end

local function ask_batch(call, path, texts)
  local reply, lost = call.ask { path = path, body = body_of(call, texts, call.kept.kind) }
  if not reply then return lost end
  if reply.status < 200 or reply.status > 299 then
    return faults.of_answer(reply.status, reply.headers, reply.text)
  end
  return add(call, reply.text)
end

local function slice(list, from, to)
  local part = {}
  for at = from, math.min(to, #list) do part[#part + 1] = list[at] end
  return part
end

--- Asks for all but the last 96 texts, and says how to ask for those.
---@param call DialectCall
---@param provider Provider
---@return DialectRequest? request, Failure? failure
local function request(call, provider)
  local texts, problem = embeddings.texts(call.request)
  if not texts then return nil, problem end
  call.kept.kind = embeddings.wants_base64(call.request) and "base64" or "float"
  call.kept.vectors, call.kept.count = {}, #texts
  local path, from = provider.paths.embeddings, 1
  while #texts - from + 1 > MOST_TEXTS do
    problem = ask_batch(call, path, slice(texts, from, from + MOST_TEXTS - 1))
    if problem then return nil, problem end
    from = from + MOST_TEXTS
  end
  return { path = path, body = body_of(call, slice(texts, from, #texts), call.kept.kind) }
end

---@param call DialectCall
---@param text string
---@return string? text, Usage|Failure|nil
local function response(call, text)
  local problem = add(call, text)
  if problem then return nil, problem end
  if #call.kept.vectors ~= call.kept.count then
    return nil, failure.answer("the upstream provider's answer holds another number of embeddings than asked for")
  end
  return embeddings.whole(call.request, call.model, call.kept.vectors, call.kept.tokens)
end

---@type Operation
return { raw_keys = {}, request = request, response = response }
