-- SPDX-License-Identifier: Apache-2.0
--- Moonshot AI / Kimi.
---
--- - temperature range 0..1, larger values refused.
--- - n > 1 with temperature < 0.3 is refused.
--- - tool_choice required is not supported.
--- - usage.cached_tokens at top of usage.
--- - text-only models want string content.
--- - Tool parameter schemas are checked against a restricted JSON schema dialect.
--- - Reasoning of earlier answers: reasoning_content must be present on assistant messages that hold tool_calls.

---@type Provider
return {
  name = "moonshot",
  title = "Moonshot AI / Kimi",
  dialect = "openai_chat",
  base = "https://api.moonshot.ai/v1",
  env = {
    key = { "MOONSHOT_API_KEY" },
    base = { "MOONSHOT_BASE_URL", "MOONSHOT_API_BASE" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    responses = "/responses",
    files = "/files",
    batches = "/batches",
    models = "/models",
  },
  wires = { { surface = "chat", dialect = "openai_variant" } },
  models = { prefixes = { "kimi-", "moonshot-" }, any = true },
  params = {
    -- unverified: logprobs, logit_bias
    drop = { "functions", "function_call", "logprobs", "top_logprobs", "logit_bias" },
    rename = { max_completion_tokens = "max_tokens" },
    accepts = { "prompt_cache_key" },
    ranges = { temperature = { 0, 1 } },
    when = {
      -- except value 1
      { prefixes = { "kimi-k2.5", "kimi-k2.6", "kimi-k3", "kimi-thinking" }, drop = { "temperature" } },
      { prefixes = { "kimi-thinking-preview" }, drop = { "tools", "tool_choice" } },
    },
  },
  history = { reasoning = "calls", text = true },
  stream = { usage = "include_usage" },
  reasoning = "reasoning_content",
}
