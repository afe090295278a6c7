-- SPDX-License-Identifier: Apache-2.0
--- Azure AI Foundry.
---
--- - model field is the deployment name.
--- - Same v1 route serves non-OpenAI models such as DeepSeek and Grok.
--- - Anthropic models are served on a separate /anthropic path with anthropic-version; the key goes as api-key there,
---   too.
--- - extra-parameters (drop, pass-through, error) says what becomes of members that a model does not know; the older
---   Model Inference route reads it.
--- - An Entra ID token (scope https://ai.azure.com/.default) goes as Bearer: AZURE_FOUNDRY_AD_TOKEN.
--- - AZURE_FOUNDRY_API_VERSION is known and not used.

---@type Provider
return {
  name = "azure-foundry",
  title = "Azure AI Foundry",
  dialect = "openai_chat",
  base = "{endpoint}",
  trims = { "/openai/v1", "/openai", "/anthropic" },
  env = {
    key = { "AZURE_FOUNDRY_API_KEY", "AZURE_AI_API_KEY", "ANTHROPIC_FOUNDRY_API_KEY" },
    token = { "AZURE_FOUNDRY_AD_TOKEN" },
    base = { "AZURE_FOUNDRY_BASE_URL", "ANTHROPIC_FOUNDRY_BASE_URL" },
    vars = {
      endpoint = { "AZURE_FOUNDRY_ENDPOINT", "AZURE_AI_API_BASE" },
      resource = { "AZURE_FOUNDRY_RESOURCE", "ANTHROPIC_FOUNDRY_RESOURCE" },
      api_version = { "AZURE_FOUNDRY_API_VERSION" },
    },
    defaults = { endpoint = "https://{resource}.services.ai.azure.com" },
    optional = { resource = true, api_version = true },
  },
  auth = { header = "api-key" },
  headers = { ["anthropic-version"] = "2023-06-01", ["extra-parameters"] = "drop" },
  paths = {
    chat = "/openai/v1/chat/completions",
    embeddings = "/openai/v1/embeddings",
    images = "/openai/v1/images/generations", -- unverified
    responses = "/openai/v1/responses", -- unverified
    messages = "/anthropic/v1/messages",
    models = "/openai/v1/models", -- unverified
  },
  wires = {
    { surface = "chat", prefixes = { "claude-" }, dialect = "anthropic_messages", path = "/anthropic/v1/messages" },
    {
      surface = "count_tokens", prefixes = { "claude-" }, dialect = "anthropic_messages",
      path = "/anthropic/v1/messages/count_tokens",
    },
  },
  models = { any = true },
  params = {
    rename = { max_tokens = "max_completion_tokens" },
  },
  stream = { usage = "include_usage" },
}
