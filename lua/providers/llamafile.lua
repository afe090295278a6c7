-- SPDX-License-Identifier: Apache-2.0
--- llamafile.
---
--- - unverified: everything but base and env.

---@type Provider
return {
  name = "llamafile",
  title = "llamafile",
  dialect = "openai_chat",
  base = "http://127.0.0.1:8080/v1",
  env = {
    base = { "LLAMAFILE_BASE_URL" },
  },
  paths = {
    chat = "/chat/completions",
    models = "/models",
  },
  models = { any = true },
  stream = { usage = "include_usage" },
}
