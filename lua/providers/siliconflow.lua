-- SPDX-License-Identifier: Apache-2.0
--- SiliconFlow.
---
--- - Errors {code,message,data}; 401, 404 and 504 may be plain text strings.
--- - images take image_size, batch_size, num_inference_steps, guidance_scale and answer {images:[{url}],timings,seed}.

---@type Provider
return {
  name = "siliconflow",
  title = "SiliconFlow",
  dialect = "openai_chat",
  base = "https://api.siliconflow.com/v1",
  env = {
    key = { "SILICONFLOW_API_KEY", "SILICONFLOW_CN_API_KEY" },
    base = { "SILICONFLOW_BASE_URL" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    embeddings = "/embeddings",
    images = "/images/generations", -- unverified
    rerank = "/rerank",
    speech = "/audio/speech",
    transcriptions = "/audio/transcriptions",
    models = "/models",
  },
  wires = {
    { surface = "images", dialect = "image_lists" },
    { surface = "rerank", dialect = "cohere_rerank" },
  },
  models = { any = true },
  params = {
    rename = { max_completion_tokens = "max_tokens" },
  },
  stream = { usage = "include_usage" },
  reasoning = "reasoning_content",
}
