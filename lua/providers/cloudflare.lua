-- SPDX-License-Identifier: Apache-2.0
--- Cloudflare Workers AI.
---
--- - Default max_tokens is small (256) on many models: always send it.
--- - Auth failures use the Cloudflare envelope {success:false,errors:[{code,message}],messages:[],result:null}.
--- - unverified: default max_tokens.

---@type Provider
return {
  name = "cloudflare",
  title = "Cloudflare Workers AI",
  dialect = "openai_chat",
  base = "https://api.cloudflare.com/client/v4/accounts/{account_id}/ai/v1",
  env = {
    key = { "CLOUDFLARE_API_KEY", "CLOUDFLARE_API_TOKEN" },
    base = { "CLOUDFLARE_BASE_URL" },
    vars = {
      account_id = { "CLOUDFLARE_ACCOUNT_ID" },
    },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    embeddings = "/embeddings",
    responses = "/responses",
  },
  models = { prefixes = { "@cf/", "@hf/" }, any = true },
  params = {
    drop = { "logit_bias", "logprobs", "top_logprobs", "user", "n", "parallel_tool_calls" }, -- unverified
    rename = { max_completion_tokens = "max_tokens" },
    add = { max_tokens = "2048" }, -- unverified: without it many models stop at 256
  },
  stream = { usage = "include_usage" },
}
