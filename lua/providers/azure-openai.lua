-- SPDX-License-Identifier: Apache-2.0
--- Azure OpenAI: a path for each deployment. The newer surface /openai/v1, where the body names the deployment, is
--- azure-openai-v1; files, batches and responses are there for both.
---
--- - Chat goes to the deployment AZURE_OPENAI_DEPLOYMENT, whatever the model is called; without it to the one that the
---   model is called. Everything else goes to the one that the model is called. The body's model is ignored.
--- - Responses carry prompt_filter_results (response level) and content_filter_results (per choice).
--- - First stream chunk may have empty choices, empty id, empty model and prompt_filter_results.
--- - speech needs a preview api-version.
--- - An Entra ID token (scope https://cognitiveservices.azure.com/.default) goes as Bearer: AZURE_OPENAI_AD_TOKEN.
--- - unverified: store and prediction by api-version; rate-limit headers.

---@type Provider
return {
  name = "azure-openai",
  title = "Azure OpenAI",
  dialect = "openai_chat",
  base = "{endpoint}",
  trims = { "/openai/v1", "/openai" },
  env = {
    key = { "AZURE_OPENAI_API_KEY", "AZURE_API_KEY" },
    token = { "AZURE_OPENAI_AD_TOKEN" },
    base = { "AZURE_OPENAI_BASE_URL" },
    models = { "AZURE_OPENAI_DEPLOYMENT" },
    vars = {
      endpoint = { "AZURE_OPENAI_ENDPOINT", "AZURE_API_BASE" },
      resource = { "AZURE_RESOURCE_NAME" },
      deployment = { "AZURE_OPENAI_DEPLOYMENT" },
      api_version = { "AZURE_OPENAI_API_VERSION", "OPENAI_API_VERSION", "AZURE_API_VERSION" },
    },
    defaults = {
      endpoint = "https://{resource}.openai.azure.com", deployment = "{model}", api_version = "2024-10-21",
    },
    optional = { resource = true },
  },
  auth = { header = "api-key" },
  paths = {
    chat = "/openai/deployments/{deployment}/chat/completions?api-version={api_version}",
    completions = "/openai/deployments/{model}/completions?api-version={api_version}",
    embeddings = "/openai/deployments/{model}/embeddings?api-version={api_version}",
    images = "/openai/deployments/{model}/images/generations?api-version={api_version}",
    images_edits = "/openai/deployments/{model}/images/edits?api-version={api_version}",
    speech = "/openai/deployments/{model}/audio/speech?api-version={api_version}",
    transcriptions = "/openai/deployments/{model}/audio/transcriptions?api-version={api_version}",
    translations = "/openai/deployments/{model}/audio/translations?api-version={api_version}",
    responses = "/openai/v1/responses",
    realtime = "/openai/v1/realtime",
    files = "/openai/v1/files",
    batches = "/openai/v1/batches",
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
