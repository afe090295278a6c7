-- SPDX-License-Identifier: Apache-2.0
--- StepFun.
---
--- - unverified: everything but base and env.

---@type Provider
return {
  name = "stepfun",
  title = "StepFun",
  dialect = "openai_chat",
  base = "https://api.stepfun.com/v1",
  env = {
    key = { "STEPFUN_API_KEY" },
    base = { "STEPFUN_BASE_URL" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    models = "/models",
  },
  models = { prefixes = { "step-" }, any = true },
  stream = { usage = "include_usage" },
}
