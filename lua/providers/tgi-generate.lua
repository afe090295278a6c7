-- SPDX-License-Identifier: Apache-2.0
--- Text Generation Inference (self hosted) by its own routes /generate and /generate_stream: for servers without the
--- chat route, or models without tools where the prompt is rendered here.
---
--- - TGI_CHAT_TEMPLATE names the chat template: chatml, llama3, mistral (llama2), gemma, zephyr, phi3, lines, raw.
---   Without it the model's name tells; a model whose template is not known is refused.
--- - top_p 1 and temperature 0 are refused by the server: left out.

---@type Provider
return {
  name = "tgi-generate",
  title = "Text Generation Inference (own routes)",
  dialect = "tgi_generate",
  auto = false, -- the token is hugging-face's
  base = "http://127.0.0.1:8080",
  trims = { "/v1" },
  env = {
    key = { "HF_TOKEN" },
    base = { "TGI_GENERATE_BASE_URL" },
    vars = { template = { "TGI_CHAT_TEMPLATE" } },
    optional = { template = true },
  },
  auth = { header = "authorization", prefix = "Bearer ", optional = true },
  paths = { chat = "/generate" },
  models = { any = true },
  params = {
    drop = {
      "n", "presence_penalty", "tools", "tool_choice", "parallel_tool_calls", "logprobs", "top_logprobs", "user",
      "logit_bias", "safety_identifier", "metadata", "store", "modalities", "audio", "prediction", "service_tier",
      "web_search_options", "verbosity", "prompt_cache_key", "prompt_cache_options", "prompt_cache_retention",
      "moderation", "functions", "function_call", "reasoning_effort",
    },
    translate = { "max_tokens", "max_completion_tokens", "response_format" },
  },
  stream = { usage = "always" },
}
