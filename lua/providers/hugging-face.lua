-- SPDX-License-Identifier: Apache-2.0
--- Hugging Face Inference Providers router.
---
--- - Embeddings and images are task routes, not OpenAI shaped: {inputs} in; bare arrays or raw image bytes out.
--- - 402 when monthly credits are used up.
--- - Reasoning in the answer: depends on provider: reasoning_content or reasoning.
--- - unverified: model suffix :fastest :cheapest; 402.

---@type Provider
return {
  name = "hugging-face",
  title = "Hugging Face Inference Providers router",
  dialect = "openai_chat",
  base = "https://router.huggingface.co/v1",
  env = {
    key = { "HUGGING_FACE_API_KEY", "HF_TOKEN", "HUGGINGFACE_API_KEY" },
    base = { "HUGGING_FACE_ENDPOINT", "HUGGING_FACE_BASE_URL", "HUGGINGFACE_API_BASE" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    embeddings = "https://router.huggingface.co/hf-inference/models/{model}/pipeline/feature-extraction",
    images = "https://router.huggingface.co/hf-inference/models/{model}",
    responses = "/responses",
    models = "/models",
  },
  wires = {
    { surface = "embeddings", dialect = "huggingface_tasks" },
    { surface = "images", dialect = "huggingface_tasks" },
  },
  image_response_formats = { "b64_json" },
  models = { any = true },
  params = {
    rename = { max_completion_tokens = "max_tokens" }, -- unverified
  },
  stream = { usage = "include_usage" },
}
