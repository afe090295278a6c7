-- SPDX-License-Identifier: Apache-2.0
--- LM Studio.
---
--- - json_object response_format is refused, json_schema is accepted.
--- - Unknown model names may fall back to the loaded model.
--- - Reasoning in the answer: reasoning_content or reasoning, by server setting and model.

---@type Provider
return {
  name = "lm-studio",
  title = "LM Studio",
  dialect = "openai_chat",
  base = "http://127.0.0.1:1234/v1",
  env = {
    key = { "LM_API_TOKEN", "LM_STUDIO_API_KEY" },
    base = { "LM_STUDIO_BASE_URL", "LM_STUDIO_API_BASE" },
  },
  auth = { header = "authorization", prefix = "Bearer ", optional = true },
  paths = {
    chat = "/chat/completions",
    completions = "/completions",
    embeddings = "/embeddings",
    responses = "/responses",
    messages = "/messages",
    models = "/models",
  },
  models = { any = true },
  params = {
    drop = { "n", "user", "logprobs", "top_logprobs" }, -- unverified
    rename = { max_completion_tokens = "max_tokens" },
  },
  stream = { usage = "include_usage" },
}
