-- SPDX-License-Identifier: Apache-2.0
--- Google Gemini, OpenAI-compatible layer.
---
--- - Tool call deltas come without index.
--- - Thought signatures in tool_calls[].extra_content.google.thought_signature must be sent back.
--- - A native adapter is the better choice.

---@type Provider
return {
  name = "gemini-openai",
  title = "Google Gemini, OpenAI-compatible layer",
  dialect = "openai_chat",
  auto = false, -- the key is gemini's
  base = "https://generativelanguage.googleapis.com/v1beta/openai",
  env = {
    key = { "GEMINI_API_KEY", "GOOGLE_API_KEY" },
    base = { "GEMINI_OPENAI_BASE_URL" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    embeddings = "/embeddings",
    images = "/images/generations", -- unverified
    models = "/models",
  },
  models = { prefixes = { "gemini-" } },
  stream = { usage = "include_usage" },
}
