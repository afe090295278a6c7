-- SPDX-License-Identifier: Apache-2.0
--- Mistral Codestral host: the same format as mistral.
---
--- - unverified: everything but base and env.

---@type Provider
return {
  name = "codestral",
  title = "Mistral Codestral host",
  dialect = "openai_chat",
  base = "https://codestral.mistral.ai/v1",
  env = {
    key = { "CODESTRAL_API_KEY" },
    base = { "CODESTRAL_BASE_URL" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
  },
  wires = { { surface = "chat", dialect = "mistral" } },
  models = { prefixes = { "codestral-" } },
  history = { short_ids = true, reasoning = "refused", names = { "tool" } },
  stream = { usage = "include_usage" },
}
