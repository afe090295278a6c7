-- SPDX-License-Identifier: Apache-2.0
--- Anthropic, OpenAI-compatible layer.
---
--- - Vendor calls it a test layer only: response_format and seed ignored, no prompt caching; use the native Messages
---   adapter.

---@type Provider
return {
  name = "anthropic-openai",
  title = "Anthropic, OpenAI-compatible layer",
  dialect = "openai_chat",
  auto = false, -- the key is anthropic's
  base = "https://api.anthropic.com/v1",
  env = {
    key = { "ANTHROPIC_API_KEY" },
    base = { "ANTHROPIC_OPENAI_BASE_URL" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    models = "/models", -- unverified
  },
  models = { prefixes = { "claude-" } },
  stream = { usage = "include_usage" },
}
