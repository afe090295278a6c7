-- SPDX-License-Identifier: Apache-2.0
--- Jina AI: embeddings and rankings.
---
--- - 402 when the account is empty.
--- - unverified: whether `document` of a ranking is an object or a text; it is not asked for.

---@type Provider
return {
  name = "jina",
  title = "Jina AI",
  dialect = "jina",
  base = "https://api.jina.ai/v1",
  env = {
    key = { "JINA_API_KEY", "JINA_AI_API_KEY" },
    base = { "JINA_BASE_URL" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    embeddings = "/embeddings",
    rerank = "/rerank",
  },
  models = { prefixes = { "jina-" } },
  params = { when = { { surface = "embeddings", drop = { "user" } } } },
}
