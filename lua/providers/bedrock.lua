-- SPDX-License-Identifier: Apache-2.0
--- AWS Bedrock.
---
--- - A Bedrock API key (AWS_BEARER_TOKEN_BEDROCK, or api_key of the configuration) goes as Bearer. Else calls are
---   signed with the keys of the environment, or those that the container or the machine lends
---   (dialects/bedrock/credentials.lua).
--- - A model is a name of Bedrock's, with or without a region prefix, or an ARN.
--- - Behind BEDROCK_BASE_URL everything is there, the agent runtime's rerank and the control plane's models, too.

local auth = require "providers.dialects.bedrock.sign"

---@type Provider
return {
  name = "bedrock",
  title = "AWS Bedrock",
  dialect = "bedrock_converse",
  base = "https://bedrock-runtime.{region}.amazonaws.com",
  env = {
    token = { "AWS_BEARER_TOKEN_BEDROCK" },
    files = { "AWS_SHARED_CREDENTIALS_FILE" },
    base = { "BEDROCK_BASE_URL" },
    vars = {
      region = { "AWS_REGION", "AWS_DEFAULT_REGION" },
      access_key = { "AWS_ACCESS_KEY_ID" },
      secret_key = { "AWS_SECRET_ACCESS_KEY" },
      session_token = { "AWS_SESSION_TOKEN" },
      profile = { "AWS_PROFILE" },
      container_url = { "AWS_CONTAINER_CREDENTIALS_FULL_URI" },
      container_path = { "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI" },
      container_token = { "AWS_CONTAINER_AUTHORIZATION_TOKEN" },
      metadata_host = { "AWS_EC2_METADATA_SERVICE_ENDPOINT" },
      metadata_disabled = { "AWS_EC2_METADATA_DISABLED" },
    },
    defaults = { region = "us-east-1" },
    optional = {
      access_key = true, secret_key = true, session_token = true, profile = true, container_url = true,
      container_path = true, container_token = true, metadata_host = true, metadata_disabled = true,
    },
  },
  auth = { header = "authorization", prefix = "Bearer ", sign = auth.sign, renew = auth.renew, optional = true },
  paths = {
    chat = "/model/{model}/converse",
    embeddings = "/model/{model}/invoke",
    images = "/model/{model}/invoke",
    rerank = "https://bedrock-agent-runtime.{region}.amazonaws.com/rerank",
    count_tokens = "/model/{model}/count-tokens",
    models = "https://bedrock.{region}.amazonaws.com/foundation-models",
  },
  -- unverified: the region prefixes ca. and us-gov.
  models = {
    prefixes = {
      "anthropic.", "amazon.", "meta.", "mistral.", "cohere.", "ai21.", "deepseek.", "openai.", "qwen.", "writer.",
      "moonshot.", "moonshotai.", "minimax.", "google.", "nvidia.", "twelvelabs.", "stability.", "luma.", "zai.",
      "us.", "eu.", "apac.", "jp.", "au.", "ca.", "us-gov.", "global.", "arn:aws",
    },
  },
  params = {
    drop = {
      "n", "seed", "presence_penalty", "frequency_penalty", "logprobs", "top_logprobs", "logit_bias", "store",
      "modalities", "audio", "prediction", "web_search_options", "verbosity", "prompt_cache_key",
      "prompt_cache_options", "prompt_cache_retention", "moderation", "user", "safety_identifier",
    },
    translate = { "max_completion_tokens", "parallel_tool_calls", "response_format", "stop", "tools", "tool_choice" },
  },
  image_response_formats = { "b64_json" },
  stream = { usage = "always" },
}
