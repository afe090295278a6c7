-- SPDX-License-Identifier: Apache-2.0
--- Databricks Model Serving.
---
--- - model is the serving endpoint name.
--- - No list of endpoints in OpenAI form.
--- - response_format together with stream is not supported on some models.
--- - Claude endpoints refuse empty text blocks and response_format.
--- - OAuth machine to machine tokens work as bearer.
--- - Reasoning in the answer: content array with {type: reasoning, summary:[{type: summary_text, text}]}.
--- - stream_options is refused on some endpoints.

---@type Provider
return {
  name = "databricks",
  title = "Databricks Model Serving",
  dialect = "openai_chat",
  base = "{host}/serving-endpoints",
  env = {
    key = { "DATABRICKS_TOKEN", "DATABRICKS_API_KEY" },
    base = { "DATABRICKS_BASE_URL", "DATABRICKS_API_BASE" },
    vars = {
      host = { "DATABRICKS_HOST" },
    },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    completions = "/completions",
    embeddings = "/embeddings",
    responses = "/responses", -- unverified
  },
  wires = { { surface = "chat", dialect = "openai_variant" } },
  models = { prefixes = { "databricks-" }, any = true },
  params = {
    -- messages[].name: except user; unverified
    drop = {
      "frequency_penalty", "presence_penalty", "seed", "logit_bias", "user", "parallel_tool_calls", "messages[].name",
      "stream_options",
    },
    rename = { max_completion_tokens = "max_tokens" },
  },
  history = { names = { "user" } },
  timeouts = { first_byte = 120000 }, -- an endpoint may have to be started
  stream = { usage = "include_usage" },
}
