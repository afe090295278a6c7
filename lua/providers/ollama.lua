-- SPDX-License-Identifier: Apache-2.0
--- Ollama (local).
---
--- - image_url must be a base64 data URL, remote URLs are not fetched.
--- - Finish chunk has an empty delta; with tool calls finish_reason tool_calls.
--- - system_fingerprint is fp_ollama.
--- - error types: invalid_request_error (400), not_found_error (404), api_error (rest); native errors are
---   {error:"..."}.
--- - Native stream is application/x-ndjson, last object done:true with prompt_eval_count and eval_count.
--- - logprobs documented unsupported but newer servers parse logprobs and top_logprobs.

---@type Provider
return {
  name = "ollama",
  title = "Ollama (local)",
  dialect = "openai_chat",
  base = "{host}/v1",
  env = {
    base = { "OLLAMA_BASE_URL", "OLLAMA_API_BASE" },
    models = { "FERRO_OLLAMA_MODELS", "OLLAMA_MODELS" },
    vars = {
      host = { "OLLAMA_HOST" },
    },
    defaults = { host = "http://127.0.0.1:11434" },
  },
  paths = {
    chat = "/chat/completions",
    completions = "/completions",
    embeddings = "/embeddings",
    responses = "/responses",
    messages = "/messages",
    transcriptions = "/audio/transcriptions",
    models = "/models",
  },
  models = { any = true },
  params = {
    drop = { "n", "tool_choice", "logit_bias", "user", "parallel_tool_calls" },
    rename = { max_completion_tokens = "max_tokens" },
    accepts = { "reasoning_effort" },
  },
  stream = { usage = "include_usage" },
  reasoning = "reasoning",
}
