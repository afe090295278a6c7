-- SPDX-License-Identifier: Apache-2.0
--- llama.cpp server.
---
--- - Models list has one element (id is the model path or --alias); router mode lists more.
--- - response adds timings.
--- - Tools need --jinja.
--- - response_format accepts {type:json_object,schema} and {type:json_schema,schema}.
--- - 503 type unavailable_error while the model loads.
--- - unverified: error details.

---@type Provider
return {
  name = "llama-cpp",
  title = "llama.cpp server",
  dialect = "openai_chat",
  auto = false, -- the key is meta-llama's
  base = "http://127.0.0.1:8080/v1",
  env = {
    key = { "LLAMA_API_KEY" }, -- unverified
    base = { "LLAMA_CPP_BASE_URL", "LLAMACPP_API_BASE" },
  },
  auth = { header = "authorization", prefix = "Bearer ", optional = true },
  paths = {
    chat = "/chat/completions",
    completions = "/completions",
    embeddings = "/embeddings",
    rerank = "/rerank",
    responses = "/responses",
    messages = "/messages",
    models = "/models",
  },
  wires = { { surface = "rerank", dialect = "cohere_rerank" } },
  models = { any = true },
  params = {
    accepts = { "reasoning_effort" },
  },
  stream = { usage = "include_usage" },
  reasoning = "reasoning_content",
}
