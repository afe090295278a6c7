-- SPDX-License-Identifier: Apache-2.0
--- NVIDIA NIM.
---
--- - Embedding call without input_type gives 400 on asymmetric models.
--- - Reranker body {model,query:{text},passages:[{text}],truncate}; answer {rankings:[{index,logit}]}, logit is
---   unbounded.
--- - Self hosted NIM usually needs no key and listens on port 8000.
--- - model ids are org/name.

---@type Provider
return {
  name = "nvidia-nim",
  title = "NVIDIA NIM",
  dialect = "openai_chat",
  base = "https://integrate.api.nvidia.com/v1",
  env = {
    key = { "NVIDIA_NIM_API_KEY", "NVIDIA_API_KEY" },
    base = { "NVIDIA_NIM_BASE_URL", "NVIDIA_NIM_API_BASE" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    completions = "/completions",
    embeddings = "/embeddings",
    rerank = "https://ai.api.nvidia.com/v1/retrieval/nvidia/reranking",
    models = "/models",
  },
  wires = { { surface = "rerank", dialect = "nvidia_rerank" } },
  models = { prefixes = { "nvidia/" }, any = true },
  params = {
    drop = { "logit_bias", "user" }, -- unverified
    rename = { max_completion_tokens = "max_tokens" },
    when = { { surface = "embeddings", add = { input_type = '"passage"' } } },
  },
  stream = { usage = "include_usage" },
  reasoning = "reasoning_content", -- unverified
}
