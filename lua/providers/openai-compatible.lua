-- SPDX-License-Identifier: Apache-2.0
--- Any server that speaks OpenAI's format (vLLM, llama.cpp, LM Studio, a gateway of your own): a target of the
--- configuration names its address. No environment variable is read, so that nobody's key goes to it by accident.

---@type Provider
return {
  name = "openai-compatible",
  title = "OpenAI-compatible server",
  dialect = "openai_chat",
  auth = { header = "authorization", prefix = "Bearer ", optional = true },
  paths = {
    chat = "/chat/completions",
    completions = "/completions",
    embeddings = "/embeddings",
    images = "/images/generations",
    images_edits = "/images/edits",
    images_variations = "/images/variations",
    moderations = "/moderations",
    rerank = "/rerank",
    realtime = "/realtime",
    speech = "/audio/speech",
    transcriptions = "/audio/transcriptions",
    translations = "/audio/translations",
    files = "/files",
    batches = "/batches",
    models = "/models",
  },
  models = { any = true },
  params = { accepts = "all" },
  stream = { usage = "include_usage" },
  auto = false,
}
