-- SPDX-License-Identifier: Apache-2.0
--- Text Generation Inference (self hosted).

---@type Provider
return {
  name = "tgi",
  title = "Text Generation Inference (self hosted)",
  dialect = "openai_chat",
  auto = false, -- the token is hugging-face's
  base = "http://127.0.0.1:8080/v1", -- unverified
  env = {
    key = { "HF_TOKEN" },
    base = { "TGI_BASE_URL" },
  },
  auth = { header = "authorization", prefix = "Bearer ", optional = true },
  paths = {
    chat = "/chat/completions",
    models = "/models",
  },
  models = { any = true },
  stream = { usage = "include_usage" },
}
