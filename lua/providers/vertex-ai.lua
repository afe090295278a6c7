-- SPDX-License-Identifier: Apache-2.0
--- Google Vertex AI: Google's own models, Claude, and other publishers' in OpenAI's shape.
---
--- - An API key goes as x-goog-api-key. Else a token is bought: for a service account or a user's file
---   (VERTEX_AI_SERVICE_ACCOUNT_JSON holds it, GOOGLE_APPLICATION_CREDENTIALS names it), or from the machine's
---   metadata service.
--- - VERTEX_AI_BASE_URL replaces everything up to the location and may name {project} and {region}. Express mode:
---   https://aiplatform.googleapis.com/v1, with a key.
--- - Region matters: a model that is missing in one is a 404; global has the most.
--- - unverified: headers of priority and flex, the body of gemini-embedding-2; see dialects/vertex_gemini.lua.

local auth = require "providers.dialects.vertex.sign"

---@type Provider
return {
  name = "vertex-ai",
  title = "Google Vertex AI",
  dialect = "vertex_gemini",
  base = "https://{host}/v1/projects/{project}/locations/{region}",
  env = {
    key = { "VERTEX_AI_API_KEY", "VERTEX_AI_SERVICE_ACCOUNT_JSON" },
    files = { "GOOGLE_APPLICATION_CREDENTIALS" },
    base = { "VERTEX_AI_BASE_URL" },
    vars = {
      project = { "VERTEX_AI_PROJECT_ID" },
      region = { "VERTEX_AI_REGION" },
      metadata_host = { "GCE_METADATA_HOST" },
      schema = { "VERTEX_AI_TOOL_SCHEMA" },
    },
    optional = { project = true, region = true, metadata_host = true, schema = true },
    follows = {
      host = {
        of = "region", otherwise = "{}-aiplatform.googleapis.com",
        values = {
          global = "aiplatform.googleapis.com",
          us = "aiplatform.us.rep.googleapis.com",
          eu = "aiplatform.eu.rep.googleapis.com",
        },
      },
    },
  },
  auth = { sign = auth.sign, renew = auth.renew, optional = true },
  wires = {
    { prefixes = { "claude-", "anthropic/", "publishers/anthropic/" }, dialect = "vertex_anthropic" },
    {
      surface = "chat", contains = { "/", "-maas" },
      except = { "google/", "publishers/google/", "models/", "endpoints/" },
      dialect = "openai_chat", path = "/endpoints/openapi/chat/completions",
    },
  },
  models = {
    prefixes = {
      "gemini-", "text-embedding-", "textembedding-gecko", "text-multilingual-embedding-", "multimodalembedding",
      "imagen-", "claude-", "publishers/google/models/", "publishers/anthropic/models/",
    },
  },
  params = {
    when = {
      {
        prefixes = { "gemini-", "gemma-", "google/", "publishers/google/", "models/", "endpoints/" },
        drop = {
          "logit_bias", "user", "parallel_tool_calls", "metadata", "store", "prediction", "verbosity",
          "web_search_options", "prompt_cache_key", "prompt_cache_options", "prompt_cache_retention",
          "safety_identifier", "moderation",
        },
      },
      {
        prefixes = { "claude-", "anthropic/", "publishers/anthropic/" },
        drop = {
          "seed", "presence_penalty", "frequency_penalty", "logprobs", "top_logprobs", "logit_bias", "store",
          "modalities", "audio", "prediction", "web_search_options", "verbosity", "prompt_cache_key",
          "prompt_cache_options", "prompt_cache_retention", "moderation", "metadata", "service_tier",
        },
      },
    },
    translate = {
      "max_completion_tokens", "response_format", "logprobs", "top_logprobs", "reasoning_effort", "service_tier",
      "modalities", "audio",
    },
  },
  stream = { usage = "include_usage" },
  image_response_formats = { "b64_json" },
}
