-- SPDX-License-Identifier: Apache-2.0
--- Cerebras.
---
--- - error body is flat: message,type,param,code.
--- - Stream error chunk is {error:{message,type,param,code,id},status_code}.
--- - response adds time_info {queue_time,prompt_time,completion_time,total_time}.
--- - 402 payment required exists.

---@type Provider
return {
  name = "cerebras",
  title = "Cerebras",
  dialect = "openai_chat",
  base = "https://api.cerebras.ai/v1",
  env = {
    key = { "CEREBRAS_API_KEY" },
    base = { "CEREBRAS_BASE_URL", "CEREBRAS_API_BASE" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    completions = "/completions",
    models = "/models",
  },
  wires = { { surface = "chat", dialect = "openai_variant" } },
  models = { any = true },
  params = {
    drop = { "frequency_penalty", "presence_penalty", "logit_bias" }, -- unverified
    rename = { max_tokens = "max_completion_tokens" },
    accepts = { "reasoning_effort", "prediction", "service_tier" },
  },
  stream = { usage = "include_usage" },
  reasoning = "reasoning",
}
