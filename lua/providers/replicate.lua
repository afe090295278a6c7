-- SPDX-License-Identifier: Apache-2.0
--- Replicate.
---
--- - Models are owner/name, owner/name:version, a bare version of 64 hexadecimal digits, or deployments/owner/name;
---   they are served when REPLICATE_TEXT_MODELS, REPLICATE_IMAGE_MODELS or the configuration names them.
--- - Inputs differ by model: `input` in the client's body adds what a model knows beyond the usual ones.
--- - REPLICATE_CHAT_TEMPLATE says how a conversation becomes a prompt (chatml, llama3, mistral, ...); lines of
---   "User: ..." and "Assistant: ..." without it.
--- - The older scheme `Token` in place of `Bearer` works too.
--- - unverified: cancel-after; reasons of the event `done`.

---@type Provider
return {
  name = "replicate",
  title = "Replicate",
  dialect = "replicate",
  base = "https://api.replicate.com/v1",
  env = {
    key = { "REPLICATE_API_TOKEN" },
    base = { "REPLICATE_BASE_URL" },
    models = { "REPLICATE_TEXT_MODELS" },
    more_models = { "REPLICATE_IMAGE_MODELS" },
    vars = { template = { "REPLICATE_CHAT_TEMPLATE" } },
    optional = { template = true },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = { chat = "/predictions", images = "/predictions", models = "/models" },
  models = { versions = true },
  params = {
    drop = {
      "n", "tools", "tool_choice", "parallel_tool_calls", "response_format", "logprobs", "top_logprobs", "user",
      "logit_bias", "safety_identifier", "metadata", "store", "modalities", "audio", "prediction", "service_tier",
      "web_search_options", "verbosity", "prompt_cache_key", "prompt_cache_options", "prompt_cache_retention",
      "moderation", "functions", "function_call", "reasoning_effort",
    },
    translate = { "max_completion_tokens", "stop" },
  },
  timeouts = { first_byte = 65000 }, -- an answer is held back for up to a minute
  stream = { usage = "always" },
}
