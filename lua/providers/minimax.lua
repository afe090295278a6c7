-- SPDX-License-Identifier: Apache-2.0
--- MiniMax.
---
--- - temperature range (0,1], zero is refused.
--- - n must be 1.
--- - Check base_resp.status_code even on HTTP 200: 0 ok, 1002 rate limit, 1004 auth, 1008 balance, 1027 content, 1039
---   tokens, 2013 bad parameters.
--- - Whole assistant message including reasoning must be sent back in tool loops.
--- - delta.content may hold the closing chunk with the full message.
--- - Reasoning in the answer: reasoning_content (with reasoning_split true, plus reasoning_details) otherwise <think>
---   text inside content.
--- - unverified: base_resp codes.

---@type Provider
return {
  name = "minimax",
  title = "MiniMax",
  dialect = "openai_chat",
  base = "https://api.minimax.io/v1",
  env = {
    key = { "MINIMAX_API_KEY" },
    base = { "MINIMAX_BASE_URL", "MINIMAX_API_BASE" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    responses = "/responses",
    models = "/models",
  },
  wires = { { surface = "chat", dialect = "openai_variant" } },
  models = { prefixes = { "MiniMax-", "abab" } },
  params = {
    -- unverified: logprobs, response_format
    drop = {
      "presence_penalty", "frequency_penalty", "logit_bias", "response_format", "functions", "function_call",
      "logprobs", "top_logprobs",
    },
    rename = { max_tokens = "max_completion_tokens" },
    ranges = { temperature = { 0.01, 1 } }, -- zero is refused
  },
  stream = { usage = "include_usage" },
  reasoning = "reasoning_content", -- with reasoning_split true; otherwise <think> text inside content
}
