-- SPDX-License-Identifier: Apache-2.0
--- Predibase.
---
--- - model is base_model[:adapter_repo/version]; the part before the colon names the deployment, the part after it the
---   LoRA adapter.
--- - PREDIBASE_DEPLOYMENT is this gateway's name for the deployment in the path.
--- - unverified: status.

---@type Provider
return {
  name = "predibase",
  title = "Predibase",
  dialect = "openai_chat",
  base = "https://serving.app.predibase.com/{tenant_id}/deployments/v2/llms/{deployment}/v1",
  env = {
    key = { "PREDIBASE_API_KEY" },
    base = { "PREDIBASE_BASE_URL" },
    vars = {
      tenant_id = { "PREDIBASE_TENANT_ID" },
      deployment = { "PREDIBASE_DEPLOYMENT" },
    },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    completions = "/completions",
  },
  models = { any = true },
  stream = { usage = "include_usage" },
}
