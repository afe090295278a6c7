-- SPDX-License-Identifier: Apache-2.0
--- Lepton AI.
---
--- - Bought by NVIDIA in April 2025 and turned into DGX Cloud Lepton, whose endpoints are per customer URLs with
---   endpoint tokens.

---@type Provider
return {
  name = "lepton",
  title = "Lepton AI",
  status = "discontinued", -- unverified
  dialect = "openai_chat",
  auto = false,
  base = "https://api.lepton.ai/api/v1",
  env = {
    key = { "LEPTON_API_KEY", "LEPTONAI_API_KEY" },
    base = { "LEPTON_BASE_URL" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    completions = "/completions",
    transcriptions = "/audio/transcriptions",
  },
  models = { any = true },
  stream = { usage = "include_usage" },
}
