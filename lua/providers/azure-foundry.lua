-- SPDX-License-Identifier: Apache-2.0
--- Azure AI Foundry.
---
--- - model field is the deployment name.
--- - Same v1 route serves non-OpenAI models such as DeepSeek and Grok.
--- - Anthropic models are served on a separate /anthropic path with x-api-key and anthropic-version.

---@type Provider
return {
  name = "azure-foundry",
  title = "Azure AI Foundry",
  dialect = "openai_chat",
  base = "{endpoint}/openai/v1",
  env = {
    key = { "AZURE_FOUNDRY_API_KEY", "AZURE_AI_API_KEY" },
    base = { "AZURE_FOUNDRY_BASE_URL" },
    vars = {
      endpoint = { "AZURE_FOUNDRY_ENDPOINT", "AZURE_AI_API_BASE" },
    },
  },
  auth = { header = "api-key" },
  paths = {
    chat = "/chat/completions",
    embeddings = "/embeddings",
    images = "/images/generations", -- unverified
    responses = "/responses", -- unverified
    models = "/models", -- unverified
  },
  models = { any = true },
  params = {
    rename = { max_tokens = "max_completion_tokens" },
  },
  stream = { usage = "include_usage" },
}
