-- SPDX-License-Identifier: Apache-2.0
--- Azure OpenAI by its newer surface: the deployment is the body's model, no api-version is needed. The configuration
--- asks for it by name; its variables are azure-openai's.
---
--- - Also at https://{resource}.services.ai.azure.com/openai/v1. It serves models that are not OpenAI's, too.

---@type Provider
return {
  name = "azure-openai-v1",
  title = "Azure OpenAI (v1)",
  dialect = "openai_chat",
  auto = false, -- the credential is azure-openai's
  base = "{endpoint}",
  trims = { "/openai/v1", "/openai" },
  env = {
    key = { "AZURE_OPENAI_API_KEY", "AZURE_API_KEY" },
    token = { "AZURE_OPENAI_AD_TOKEN" },
    base = { "AZURE_OPENAI_V1_BASE_URL", "AZURE_OPENAI_BASE_URL" },
    vars = {
      endpoint = { "AZURE_OPENAI_ENDPOINT", "AZURE_API_BASE" },
      resource = { "AZURE_RESOURCE_NAME" },
    },
    defaults = { endpoint = "https://{resource}.openai.azure.com" },
    optional = { resource = true },
  },
  auth = { header = "api-key" },
  paths = {
    chat = "/openai/v1/chat/completions",
    completions = "/openai/v1/completions",
    embeddings = "/openai/v1/embeddings",
    images = "/openai/v1/images/generations",
    images_edits = "/openai/v1/images/edits",
    speech = "/openai/v1/audio/speech",
    transcriptions = "/openai/v1/audio/transcriptions",
    translations = "/openai/v1/audio/translations",
    responses = "/openai/v1/responses",
    realtime = "/openai/v1/realtime",
    files = "/openai/v1/files",
    batches = "/openai/v1/batches",
    models = "/openai/v1/models",
  },
  models = { any = true },
  params = {
    rename = { max_tokens = "max_completion_tokens" },
    accepts = {
      "store", "metadata", "modalities", "audio", "prediction", "service_tier", "prompt_cache_key",
      "reasoning_effort", "verbosity", "functions", "function_call",
    },
  },
  stream = { usage = "include_usage" },
}
