-- SPDX-License-Identifier: Apache-2.0
--- Google's generateContent as Vertex AI serves it: calls have no ids, embeddings are predicted, tiers are headers.

local dialect = require "providers.dialects.gemini.dialect"
local embeddings = require "providers.dialects.gemini.embeddings"
local models = require "providers.dialects.gemini.models"
local path = require "providers.dialects.gemini.path"

--- gemini-embedding-001 takes one text a call, newer ones know embedContent only.
local function embeds(call)
  local name = models.plain(call.model)
  if name == "gemini-embedding-001" then return embeddings.PREDICT_ONE end
  if name:find "^gemini%-embedding" then return embeddings.CONTENT end
  return name:find "^multimodalembedding" and embeddings.MULTIMODAL or embeddings.PREDICT
end

--- unverified: both headers
local function tier(_, headers, name)
  if name == "standard" then return end
  headers["x-vertex-ai-llm-request-type"] = "shared"
  headers["x-vertex-ai-llm-shared-request-type"] = name
end

---@type GeminiHost
local host = {
  name = "vertex_gemini",
  ids = false,
  labels = true,
  path = function(call, method) return path.vertex_gemini(call.model, method) end,
  headers = { "x-goog-user-project" },
  counted = function(_, body) return body end,
  embeds = embeds,
  tier = tier,
}

return dialect.of(host)
