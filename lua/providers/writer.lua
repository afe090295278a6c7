-- SPDX-License-Identifier: Apache-2.0
--- Writer Palmyra.
---
--- - Chat path is /chat, not /chat/completions; bodies are OpenAI shaped.
--- - usage spells prompt_token_details without the s.
--- - delta may have graph_data, llm_data, translation_data.
--- - Models list is {models:[{id,name}]}.
--- - Unverified whether a stream ends with [DONE].
--- - unverified: models list shape.

---@type Provider
return {
  name = "writer",
  title = "Writer Palmyra",
  dialect = "openai_chat",
  base = "https://api.writer.com/v1",
  env = {
    key = { "WRITER_API_KEY" },
    base = { "WRITER_BASE_URL" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat",
    completions = "/completions",
    files = "/files",
    models = "/models",
  },
  wires = { { surface = "chat", dialect = "openai_variant" } },
  models = { prefixes = { "palmyra-" } },
  params = {
    drop = {
      "frequency_penalty", "presence_penalty", "seed", "logit_bias", "user", "parallel_tool_calls", "top_logprobs",
    },
    rename = { max_completion_tokens = "max_tokens" },
  },
  stream = { usage = "include_usage" },
}
