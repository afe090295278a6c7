-- SPDX-License-Identifier: Apache-2.0
--- vLLM (self hosted).
---
--- - User ignored, suffix unsupported in completions, image_url.detail unsupported.
--- - Custom tools are refused: turn them into function tools.
--- - Tools need --enable-auto-tool-choice and --tool-call-parser.
--- - Stream errors are data chunks: older {object:error,message,type,param,code}, newer
---   {error:{message,type,param,code}}, code numeric.
--- - Choices carry stop_reason; usage may be null on chunks.
--- - Chat error status 404 when model name is not served.
--- - Reasoning in the answer: reasoning_content (older) or reasoning (newer).

---@type Provider
return {
  name = "vllm",
  title = "vLLM (self hosted)",
  dialect = "openai_chat",
  base = "http://127.0.0.1:8000/v1",
  env = {
    key = { "VLLM_API_KEY", "HOSTED_VLLM_API_KEY" },
    base = { "VLLM_BASE_URL", "VLLM_API_BASE", "HOSTED_VLLM_API_BASE" },
  },
  auth = { header = "authorization", prefix = "Bearer ", optional = true },
  paths = {
    chat = "/chat/completions",
    completions = "/completions",
    embeddings = "/embeddings",
    rerank = "/rerank",
    responses = "/responses",
    transcriptions = "/audio/transcriptions",
    translations = "/audio/translations",
    models = "/models",
  },
  wires = { { surface = "rerank", dialect = "cohere_rerank" } },
  models = { any = true },
  params = {
    drop = { "user", "store", "service_tier" },
    accepts = { "reasoning_effort", "functions", "function_call" },
  },
  stream = { usage = "include_usage" },
}
