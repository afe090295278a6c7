-- SPDX-License-Identifier: Apache-2.0
--- Lemonfox.
---
--- - unverified: everything but base and env.

---@type Provider
return {
  name = "lemonfox",
  title = "Lemonfox",
  dialect = "openai_chat",
  base = "https://api.lemonfox.ai/v1",
  env = {
    key = { "LEMONFOX_API_KEY" },
    base = { "LEMONFOX_BASE_URL" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    images = "/images/generations",
    transcriptions = "/audio/transcriptions",
  },
  models = { any = true },
  stream = { usage = "include_usage" },
}
