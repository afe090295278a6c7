-- SPDX-License-Identifier: Apache-2.0
--- Embeddings by InvokeModel. Each family has its own body; some take one text a call.

local json = require "gateway.json"

local asking = require "providers.dialects.bedrock.asking"
local failure = require "providers.dialects.neutral.failure"
local models = require "providers.dialects.bedrock.models"
local naming = require "providers.dialects.bedrock.naming"
local neutral = require "providers.dialects.neutral.embeddings"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

local MOST_TEXTS = 96 -- that Cohere's models take in one call
local DEFAULT_INPUT_TYPE = "search_document"
local RAW = { raw = { embedding = true } }

-- A family: bodies(request, texts) for its calls; vectors(body) of one answer; tokens(body) it names, else a header's.

local function each(make)
  return function(request, texts)
    local bodies = {}
    for i, text in ipairs(texts) do bodies[i] = make(request, text) end
    return bodies
  end
end

local function one_vector(body)
  return body.embedding ~= nil and { body.embedding } or {}
end

local function input_tokens(body)
  return typed(body, "inputTextTokenCount", "number")
end

local TITAN = {
  bodies = each(function(request, text)
    return {
      inputText = text, dimensions = typed(request, "dimensions", "number"),
      normalize = typed(request, "normalize", "boolean"),
    }
  end),
  vectors = one_vector, tokens = input_tokens,
}

local TITAN_1 = {
  fixed = true, bodies = each(function(_, text) return { inputText = text } end), vectors = one_vector,
  tokens = input_tokens,
}

local TITAN_IMAGE = {
  bodies = each(function(request, text)
    local length = typed(request, "dimensions", "number")
    return { inputText = text, embeddingConfig = length and { outputEmbeddingLength = length } or nil }
  end),
  vectors = one_vector, tokens = input_tokens,
}

local NOVA = {
  bodies = each(function(request, text)
    return {
      taskType = "SINGLE_EMBEDDING",
      singleEmbeddingParams = {
        embeddingPurpose = typed(request, "embedding_purpose", "string") or "GENERIC_INDEX",
        embeddingDimension = typed(request, "dimensions", "number") or 1024,
        text = { truncationMode = "END", value = text },
      },
    }
  end),
  vectors = function(body)
    local first = (typed(body, "embeddings", "table") or {})[1]
    return { typed(first, "embedding", "table") or member(first, "embedding") }
  end,
}

local function cohere_bodies(request, texts)
  local bodies = {}
  for at = 1, #texts, MOST_TEXTS do
    local part = json.array {}
    for i = at, math.min(at + MOST_TEXTS - 1, #texts) do part[#part + 1] = texts[i] end
    bodies[#bodies + 1] = {
      texts = part, input_type = typed(request, "input_type", "string") or DEFAULT_INPUT_TYPE,
      truncate = typed(request, "truncate", "string"), output_dimension = typed(request, "dimensions", "number"),
    }
  end
  return bodies
end

local function cohere_vectors(body)
  local found = typed(body, "embeddings", "table") or {}
  return typed(found, "float", "table") or found
end

local COHERE_3 = { fixed = true, bodies = cohere_bodies, vectors = cohere_vectors }
local COHERE_4 = { bodies = cohere_bodies, vectors = cohere_vectors }

-- The first whose beginning fits.
local FAMILIES = {
  { "amazon.titan-embed-text-v1", TITAN_1 }, { "amazon.titan-embed-image", TITAN_IMAGE },
  { "amazon.titan-embed", TITAN }, { "amazon.nova-2-multimodal-embeddings", NOVA },
  { "cohere.embed-v4", COHERE_4 }, { "cohere.embed-", COHERE_3 },
}

local function family_of(call)
  local name = models.of(call.model, call.requested_model).bare or ""
  for _, entry in ipairs(FAMILIES) do
    if name:sub(1, #entry[1]) == entry[1] then return entry[2] end
  end
  return nil, failure.request(("the model %q makes no embeddings"):format(naming.model(call)), "model",
    "unsupported_parameter")
end

---@param call DialectCall
---@return DialectRequest? request, Failure? failure
local function request(call)
  local family, unknown = family_of(call)
  if not family then return nil, unknown end
  if family.fixed and member(call.request, "dimensions") ~= nil then
    return nil, failure.request("this model's embeddings have one length", "dimensions", "unsupported_parameter")
  end
  local texts, problem = neutral.texts(call.request)
  if not texts then return nil, problem end
  call.kept.count = #texts
  return asking.invoke(call, family.bodies(call.request, texts))
end

local function tokens_of(family, answer)
  return family.tokens and family.tokens(answer.body)
    or tonumber(answer.headers["x-amzn-bedrock-input-token-count"] or "")
end

local function is_vector(found)
  if json.is_raw(found) then return json.text(found):find "^%s*%[" ~= nil end
  return json.is_array(found) and json.number(found[1]) ~= nil
end

--- The vectors of all answers, and how many tokens were read.
local function joined(family, answers)
  local vectors, tokens = {}, nil
  for _, answer in ipairs(answers) do
    for _, vector in ipairs(family.vectors(answer.body)) do
      vectors[#vectors + 1] = is_vector(vector) and vector or nil
    end
    local count = tokens_of(family, answer)
    tokens = count and (tokens or 0) + count or tokens
  end
  return vectors, tokens
end

---@param call DialectCall
---@param text string
---@param headers table<string, string>
---@return string? text, Usage|Failure|nil
local function response(call, text, headers)
  local family, unknown = family_of(call)
  if not family then return nil, unknown end
  local options = not neutral.wants_base64(call.request) and RAW or nil
  local answers, problem = asking.answers(call, text, headers, options)
  if not answers then return nil, problem end
  local vectors, tokens = joined(family, answers)
  if #vectors == 0 or call.kept.count and #vectors ~= call.kept.count then
    return nil, failure.answer("the upstream provider's answer does not hold an embedding of each text")
  end
  return neutral.whole(call.request, naming.model(call), vectors, tokens)
end

return { request = request, response = response }
