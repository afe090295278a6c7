-- SPDX-License-Identifier: Apache-2.0
--- Zhipu AI (BigModel, China).
---
--- - Same dialect as zai; keys of form id.secret may be sent as bearer directly.
--- - unverified: key form.

---@type Provider
return {
  name = "zhipu",
  title = "Zhipu AI (BigModel, China)",
  dialect = "openai_chat",
  base = "https://open.bigmodel.cn/api/paas/v4",
  env = {
    key = { "ZHIPU_API_KEY", "ZHIPUAI_API_KEY" },
    base = { "ZHIPU_BASE_URL" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    embeddings = "/embeddings",
    images = "/images/generations",
    models = "/models", -- unverified
  },
  wires = { { surface = "chat", dialect = "openai_variant" } },
  models = { prefixes = { "glm-", "cogview-", "embedding-2", "embedding-3" } },
  params = {
    -- unverified
    drop = {
      "frequency_penalty", "presence_penalty", "logit_bias", "logprobs", "top_logprobs", "n", "parallel_tool_calls",
      "seed", "stream_options",
    },
    ranges = { temperature = { 0, 1 } },
    rename = { user = "user_id", max_completion_tokens = "max_tokens" },
  },
  stream = { usage = "always" },
  reasoning = "reasoning_content",
}
