-- SPDX-License-Identifier: Apache-2.0
--- FriendliAI.
---
--- - Reasoning in the answer: reasoning_content when parse_reasoning is true.
--- - The header x-friendli-team names the team.

---@type Provider
return {
  name = "friendli",
  title = "FriendliAI",
  dialect = "openai_chat",
  base = "https://api.friendli.ai/serverless/v1",
  env = {
    key = { "FRIENDLI_TOKEN", "FRIENDLIAI_API_KEY" },
    base = { "FRIENDLI_BASE_URL", "FRIENDLI_API_BASE" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    completions = "/completions",
    models = "/models", -- unverified
  },
  models = { any = true },
  stream = { usage = "include_usage" },
}
