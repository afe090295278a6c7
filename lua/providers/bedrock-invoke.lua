-- SPDX-License-Identifier: Apache-2.0
--- Claude on AWS Bedrock through InvokeModel, in Anthropic's own words: for what Converse has no words for. Used only
--- when the configuration names it; everything else is as in bedrock.lua.

local auth = require "providers.dialects.bedrock.sign"

---@type Provider
return {
  name = "bedrock-invoke",
  title = "AWS Bedrock (InvokeModel, Claude)",
  dialect = "bedrock_invoke",
  base = "https://bedrock-runtime.{region}.amazonaws.com",
  auto = false,
  env = {
    token = { "AWS_BEARER_TOKEN_BEDROCK" },
    files = { "AWS_SHARED_CREDENTIALS_FILE" },
    base = { "BEDROCK_INVOKE_BASE_URL", "BEDROCK_BASE_URL" },
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
  paths = { chat = "/model/{model}/invoke", count_tokens = "/model/{model}/count-tokens" },
  models = { any = true },
  params = {
    drop = {
      "seed", "presence_penalty", "frequency_penalty", "logprobs", "top_logprobs", "logit_bias", "store", "modalities",
      "audio", "prediction", "web_search_options", "verbosity", "prompt_cache_key", "prompt_cache_options",
      "prompt_cache_retention", "moderation", "metadata", "service_tier",
    },
  },
  stream = { usage = "always" },
}
