-- SPDX-License-Identifier: Apache-2.0
--- Alibaba Qwen / DashScope compatible mode.
---
--- - Open weight hybrid qwen3 models think by default and refuse enable_thinking true without stream: send
---   enable_thinking false or stream.
--- - Qwq and omni models are stream only.
--- - /models listing may be missing on some regions.
--- - json_object mode needs the word json in the prompt.
--- - Embedding batch limit 10 for text-embedding-v3 and v4.
--- - unverified: stream only rule; embedding batch limit.

---@type Provider
return {
  name = "qwen",
  title = "Alibaba Qwen / DashScope compatible mode",
  dialect = "openai_chat",
  base = "https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
  env = {
    key = { "QWEN_API_KEY", "DASHSCOPE_API_KEY", "ALIBABA_API_KEY" },
    base = { "QWEN_BASE_URL", "DASHSCOPE_API_BASE" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    completions = "/completions",
    embeddings = "/embeddings",
    responses = "/responses",
    files = "/files",
    batches = "/batches",
    models = "/models", -- unverified
  },
  models = { prefixes = { "qwen-", "qwen2", "qwen3", "qwq-", "qvq-", "text-embedding-v", "qwen/" }, any = true },
  params = {
    drop = { "logit_bias", "frequency_penalty", "user" }, -- unverified
    rename = { max_completion_tokens = "max_tokens" },
    accepts = { "modalities", "audio" },
  },
  stream = { usage = "include_usage" },
  reasoning = "reasoning_content",
}
