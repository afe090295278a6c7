-- SPDX-License-Identifier: Apache-2.0
--- Ollama (local). Chat and embeddings go by its own API, which alone takes num_ctx, keep_alive and think; everything
--- else by its OpenAI layer below /v1.
---
--- - Native stream is application/x-ndjson, last object done:true with prompt_eval_count and eval_count.
--- - num_ctx defaults to a small window and cuts the front of the prompt silently: OLLAMA_NUM_CTX, or `options.num_ctx`
---   in the client's body, sets it.
--- - OpenAI layer: image_url must be a base64 data URL; reasoning in the member `reasoning`; finish chunk has an empty
---   delta, with tool calls finish_reason tool_calls; system_fingerprint is fp_ollama; error types
---   invalid_request_error (400), not_found_error (404), api_error (rest); max_completion_tokens is max_tokens there.
--- - Native errors are {error:"..."}.

---@type Provider
return {
  name = "ollama",
  title = "Ollama (local)",
  dialect = "ollama",
  base = "{host}",
  trims = { "/v1", "/api" },
  env = {
    base = { "OLLAMA_BASE_URL", "OLLAMA_API_BASE" },
    models = { "FERRO_OLLAMA_MODELS", "OLLAMA_MODELS" },
    vars = {
      host = { "OLLAMA_HOST" },
      num_ctx = { "OLLAMA_NUM_CTX" },
    },
    defaults = { host = "http://127.0.0.1:11434" },
    optional = { num_ctx = true },
  },
  paths = {
    chat = "/api/chat",
    completions = "/v1/completions",
    embeddings = "/api/embed",
    responses = "/v1/responses",
    messages = "/v1/messages",
    transcriptions = "/v1/audio/transcriptions",
    models = "/v1/models",
  },
  wires = {
    { surface = "completions", dialect = "openai_chat" },
    { surface = "responses", dialect = "openai_chat" },
    { surface = "transcriptions", dialect = "openai_chat" },
    { surface = "models", dialect = "openai_chat" },
  },
  models = { any = true },
  params = {
    drop = {
      "n", "logit_bias", "user", "parallel_tool_calls", "safety_identifier", "metadata", "store", "modalities", "audio",
      "prediction", "service_tier", "web_search_options", "verbosity", "prompt_cache_key", "prompt_cache_options",
      "prompt_cache_retention", "moderation", "functions", "function_call",
    },
    translate = { "max_tokens", "max_completion_tokens", "tool_choice", "response_format", "reasoning_effort" },
  },
  timeouts = { first_byte = 120000 }, -- a model may have to be loaded
  stream = { usage = "always" },
  reasoning = "reasoning_content",
}
