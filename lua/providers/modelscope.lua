-- SPDX-License-Identifier: Apache-2.0
--- ModelScope.
---
--- - unverified: everything but base and env.

---@type Provider
return {
  name = "modelscope",
  title = "ModelScope",
  dialect = "openai_chat",
  base = "https://api-inference.modelscope.cn/v1",
  env = {
    key = { "MODELSCOPE_API_KEY" },
    base = { "MODELSCOPE_BASE_URL" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    models = "/models",
  },
  models = { any = true },
  stream = { usage = "include_usage" },
}
