-- SPDX-License-Identifier: Apache-2.0
--- Voyage AI: embeddings and rankings.
---
--- - Its rerank-2 is called like Cohere's models: it needs the provider named, voyage/rerank-2.
--- - /multimodalembeddings and /contextualizedembeddings are reached by pass-through.

---@type Provider
return {
  name = "voyage",
  title = "Voyage AI",
  dialect = "voyage",
  base = "https://api.voyageai.com/v1",
  env = {
    key = { "VOYAGE_API_KEY" },
    base = { "VOYAGE_BASE_URL" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    embeddings = "/embeddings",
    rerank = "/rerank",
  },
  models = { prefixes = { "voyage-" } },
  params = { when = { { surface = "embeddings", drop = { "user" } } } },
}
