-- SPDX-License-Identifier: Apache-2.0
--- Azure OpenAI.
---
--- - The model is the deployment in the path; the body model field is ignored there.
--- - On the v1 URL the deployment name goes in the body model field and api-version is optional.
--- - Files, batches and fine tuning live at resource level, not under a deployment.
--- - Responses carry prompt_filter_results (response level) and content_filter_results (per choice).
--- - First stream chunk may have empty choices, empty id, empty model and prompt_filter_results.
--- - speech needs a preview api-version.
--- - The older surface, a path per deployment; the newer one (/openai/v1) is azure-foundry's.

---@type Provider
return {
  name = "azure-openai",
  title = "Azure OpenAI",
  dialect = "openai_chat",
  base = "{endpoint}/openai/deployments/{deployment}",
  env = {
    key = { "AZURE_OPENAI_API_KEY", "AZURE_API_KEY" },
    base = { "AZURE_OPENAI_BASE_URL" },
    models = { "AZURE_OPENAI_DEPLOYMENT" },
    vars = {
      endpoint = { "AZURE_OPENAI_ENDPOINT", "AZURE_API_BASE" },
      deployment = { "AZURE_OPENAI_DEPLOYMENT" },
      api_version = { "AZURE_OPENAI_API_VERSION", "OPENAI_API_VERSION", "AZURE_API_VERSION" },
    },
    defaults = { api_version = "2024-10-21" },
  },
  auth = { header = "api-key" },
  paths = {
    chat = "/chat/completions?api-version={api_version}",
    completions = "/completions?api-version={api_version}",
    embeddings = "/embeddings?api-version={api_version}",
    images = "/images/generations?api-version={api_version}",
    images_edits = "/images/edits?api-version={api_version}",
    speech = "/audio/speech?api-version={api_version}",
    transcriptions = "/audio/transcriptions?api-version={api_version}",
    translations = "/audio/translations?api-version={api_version}",
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
