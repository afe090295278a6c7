-- SPDX-License-Identifier: Apache-2.0
--- OpenAI's embeddings in the three ways that Google's models are asked for them: many texts (batchEmbedContents), many
--- instances (:predict, on Vertex), and one text a call (embedContent).

local json = require "gateway.json"

local failure = require "providers.dialects.neutral.failure"
local faults = require "providers.dialects.gemini.failure"
local neutral = require "providers.dialects.neutral.embeddings"
local requests = require "providers.dialects.gemini.request"
local value = require "providers.dialects.neutral.value"

local typed = value.typed

-- What other vendors call it.
local TASKS = {
  query = "RETRIEVAL_QUERY", search_query = "RETRIEVAL_QUERY", document = "RETRIEVAL_DOCUMENT",
  search_document = "RETRIEVAL_DOCUMENT", passage = "RETRIEVAL_DOCUMENT", classification = "CLASSIFICATION",
  clustering = "CLUSTERING",
}

---@class EmbeddingWay how one kind of model is asked
---@field method string
---@field most integer texts in one call
---@field body fun(texts: string[], facts: EmbeddingFacts): table
---@field vectors fun(answer: table): any[]?, integer? and the tokens that were read

---@class EmbeddingFacts
---@field model string as it stands in the body
---@field task string?
---@field title string?
---@field dimensions integer?

--- The use that the client names, in Google's words.
local function task_of(request)
  local task = typed(request, "task_type", "string") or typed(request, "input_type", "string")
    or typed(request, "task", "string")
  return task and (TASKS[task:lower()] or task:upper())
end

local function facts_of(call)
  return {
    model = call.model, task = task_of(call.request), title = typed(call.request, "title", "string"),
    dimensions = typed(call.request, "dimensions", "number"),
  }
end

-- The three ways ------------------------------------------------------------------------------------------------------

local function values_of(list, inner)
  local vectors = {}
  for i, entry in ipairs(list) do
    local values = value.member(inner and typed(entry, inner, "table") or entry, "values")
    if values == nil then return nil end
    vectors[i] = values
  end
  return vectors
end

local function batch_body(texts, facts)
  local list = json.array {}
  for i, text in ipairs(texts) do
    list[i] = {
      model = facts.model, content = { parts = json.array { { text = text } } }, taskType = facts.task,
      title = facts.title, outputDimensionality = facts.dimensions,
    }
  end
  return { requests = list }
end

---@type EmbeddingWay
local BATCH = {
  method = "batchEmbedContents", most = 100, body = batch_body,
  vectors = function(answer)
    local list = typed(answer, "embeddings", "table")
    return list and values_of(list)
  end,
}

local function predict_body(texts, facts)
  local list = json.array {}
  for i, text in ipairs(texts) do
    list[i] = { content = text, task_type = facts.task, title = facts.title }
  end
  return {
    instances = list, parameters = facts.dimensions and { outputDimensionality = facts.dimensions } or nil,
  }
end

local function predicted(answer)
  local list = typed(answer, "predictions", "table")
  if not list then return nil end
  local tokens
  for _, entry in ipairs(list) do
    local statistics = typed(typed(entry, "embeddings", "table"), "statistics", "table")
    local count = typed(statistics, "token_count", "number")
    tokens = count and (tokens or 0) + count or tokens
  end
  return values_of(list, "embeddings"), tokens
end

---@type EmbeddingWay
local PREDICT = { method = "predict", most = 250, body = predict_body, vectors = predicted }

--- The same for the model that takes one text a call.
---@type EmbeddingWay
local PREDICT_ONE = { method = "predict", most = 1, body = predict_body, vectors = predicted }

local function content_body(texts, facts)
  local made = { taskType = facts.task, title = facts.title, outputDimensionality = facts.dimensions }
  return {
    content = { parts = json.array { { text = texts[1] } } }, embedContentConfig = next(made) and made or nil,
  }
end

--- unverified: the body of gemini-embedding-2 on Vertex
---@type EmbeddingWay
local CONTENT = {
  method = "embedContent", most = 1, body = content_body,
  vectors = function(answer)
    local values = value.member(typed(answer, "embedding", "table"), "values")
    return values ~= nil and { values } or nil,
      typed(typed(answer, "usageMetadata", "table"), "promptTokenCount", "number")
  end,
}

local function multimodal_body(texts, facts)
  return {
    instances = json.array { { text = texts[1] } },
    parameters = facts.dimensions and { dimension = facts.dimensions } or nil,
  }
end

---@type EmbeddingWay
local MULTIMODAL = {
  method = "predict", most = 1, body = multimodal_body,
  vectors = function(answer)
    local list = typed(answer, "predictions", "table")
    local vector = list and value.member(list[1], "textEmbedding")
    return vector ~= nil and { vector } or nil
  end,
}

-- The operation -------------------------------------------------------------------------------------------------------

--- Vectors keep the vendor's spelling of their numbers unless they must be packed.
local function decoded(call, text)
  local raw = not neutral.wants_base64(call.request) and { values = true, textEmbedding = true } or nil
  return json.decode(text, { raw = raw })
end

--- Takes the vectors of one answer.
local function take(call, text)
  local answer = decoded(call, text)
  local vectors, tokens
  if type(answer) == "table" then vectors, tokens = call.kept.way.vectors(answer) end
  if not vectors then return failure.answer("the upstream provider's answer has no embeddings") end
  for _, vector in ipairs(vectors) do
    call.kept.vectors[#call.kept.vectors + 1] = vector
  end
  if tokens then call.kept.tokens = (call.kept.tokens or 0) + tokens end
  return nil
end

local function piece(texts, from, most)
  local list = {}
  for i = from, math.min(from + most - 1, #texts) do
    list[#list + 1] = texts[i]
  end
  return list
end

local function request_of(call, host, texts, facts)
  local way = call.kept.way
  return {
    path = host.path(call, way.method), headers = requests.headers_of(call, host),
    body = json.encode(way.body(texts, facts)),
  }
end

local function ask(call, request)
  local reply, problem = call.ask(request)
  if not reply then return problem end
  if reply.status ~= 200 then return faults.of_answer(reply.status, reply.headers, reply.text) end
  return take(call, reply.text)
end

--- More texts than one call takes: all but the last call are asked for here.
local function build(call, host)
  local texts, problem = neutral.texts(call.request)
  if not texts then return nil, problem end
  local way, facts = host.embeds(call), facts_of(call)
  facts.model = host.named and host.named(call.model) or facts.model
  call.kept = { way = way, vectors = {} }
  local from = 1
  while from + way.most <= #texts do
    local failed = ask(call, request_of(call, host, piece(texts, from, way.most), facts))
    if failed then return nil, failed end
    from = from + way.most
  end
  return request_of(call, host, piece(texts, from, way.most), facts)
end

---@param host GeminiHost
---@return Operation
local function of(host)
  return {
    request = function(call) return build(call, host) end,
    response = function(call, text)
      local problem = take(call, text)
      if problem then return nil, problem end
      return neutral.whole(call.request, call.model, call.kept.vectors, call.kept.tokens)
    end,
  }
end

return {
  of = of, BATCH = BATCH, PREDICT = PREDICT, PREDICT_ONE = PREDICT_ONE, CONTENT = CONTENT, MULTIMODAL = MULTIMODAL,
}
