-- SPDX-License-Identifier: Apache-2.0
--- DeepSeek.
---
--- - Penalties accepted but inert.
--- - json_schema response_format is not supported natively, json_object is.
--- - Only tools of type function; others give 400 unknown variant.
--- - usage has prompt_cache_hit_tokens and prompt_cache_miss_tokens.
--- - finish_reason can be insufficient_system_resource.
--- - 402 means no balance, 422 invalid parameters, 503 overloaded.
--- - model names deepseek-chat and deepseek-reasoner were announced to end on 2026-07-24 in favour of deepseek-v4-flash
---   and deepseek-v4-pro.
--- - Strict tool mode and prefix completion only on the beta base URL.
--- - Reasoning of earlier answers: required on assistant messages when thinking is on, mandatory after tool calls;
---   missing value gives 400.

---@type Provider
return {
  name = "deepseek",
  title = "DeepSeek",
  dialect = "openai_chat",
  base = "https://api.deepseek.com/v1",
  env = {
    key = { "DEEPSEEK_API_KEY" },
    base = { "DEEPSEEK_BASE_URL", "DEEPSEEK_API_BASE" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    completions = "https://api.deepseek.com/beta/completions",
    models = "/models",
  },
  wires = { { surface = "chat", dialect = "openai_variant" } },
  models = { prefixes = { "deepseek-" } },
  params = {
    -- unverified: seed, n, logit_bias, parallel_tool_calls
    drop = { "presence_penalty", "frequency_penalty", "logit_bias", "parallel_tool_calls", "seed", "n" },
    rename = { user = "user_id", max_completion_tokens = "max_tokens" },
    accepts = { "reasoning_effort" },
  },
  history = { reasoning = "always" },
  timeouts = { first_byte = 600000 }, -- a busy server holds the connection for minutes
  stream = { usage = "include_usage" },
  reasoning = "reasoning_content",
}
