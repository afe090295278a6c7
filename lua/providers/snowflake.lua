-- SPDX-License-Identifier: Apache-2.0
--- Snowflake Cortex.
---
--- - Claude models go to /messages with anthropic-version 2023-06-01, all others to /chat/completions.
--- - Send Accept: application/json, text/event-stream.
--- - A key-pair JWT or an OAuth token needs another x-snowflake-authorization-token-type.
--- - unverified: token type OAUTH.

---@type Provider
return {
  name = "snowflake",
  title = "Snowflake Cortex",
  dialect = "openai_chat",
  base = "https://{account}.snowflakecomputing.com/api/v2/cortex/v1",
  env = {
    key = { "SNOWFLAKE_CORTEX_PAT", "SNOWFLAKE_JWT", "SNOWFLAKE_TOKEN" },
    base = { "SNOWFLAKE_BASE_URL", "SNOWFLAKE_API_BASE" },
    vars = {
      account = { "SNOWFLAKE_ACCOUNT", "SNOWFLAKE_ACCOUNT_ID" },
    },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  headers = {
    accept = "application/json, text/event-stream",
    ["anthropic-version"] = "2023-06-01",
    ["x-snowflake-authorization-token-type"] = "PROGRAMMATIC_ACCESS_TOKEN",
  },
  paths = {
    chat = "/chat/completions",
    embeddings = "https://{account}.snowflakecomputing.com/api/v2/cortex/inference:embed",
    messages = "/messages",
  },
  wires = { { surface = "chat", prefixes = { "claude-" }, dialect = "anthropic_messages", path = "/messages" } },
  models = { any = true },
  params = {
    -- unverified
    drop = {
      "n", "seed", "logit_bias", "user", "logprobs", "top_logprobs", "parallel_tool_calls", "presence_penalty",
      "frequency_penalty", "stop",
    },
    rename = { max_tokens = "max_completion_tokens" },
  },
  stream = { usage = "include_usage" },
}
