-- SPDX-License-Identifier: Apache-2.0
--- Perplexity.
---
--- - response adds citations (array of URL strings), search_results (title,url,date,last_updated,snippet,source),
---   images, related_questions at top level.
--- - Every stream chunk may repeat choices[].message with the text so far beside choices[].delta; ignore message while
---   streaming.
--- - usage adds citation_tokens, num_search_queries, reasoning_tokens, search_context_size and cost
---   {input_tokens_cost,output_tokens_cost,request_cost,total_cost,...}.
--- - roles must alternate user and assistant after the optional system message.
--- - No GET /models listing on the chat API.
--- - Reasoning models put <think> text inside content.
--- - Some deployments end the stream without [DONE].
--- - Every chunk of a stream carries usage and the message so far.
--- - unverified: role alternation.

---@type Provider
return {
  name = "perplexity",
  title = "Perplexity",
  dialect = "openai_chat",
  base = "https://api.perplexity.ai",
  env = {
    key = { "PERPLEXITY_API_KEY", "PERPLEXITYAI_API_KEY" },
    base = { "PERPLEXITY_BASE_URL", "PERPLEXITY_API_BASE" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    embeddings = "/v1/embeddings",
    responses = "/v1/responses",
  },
  wires = { { surface = "chat", dialect = "openai_variant" } },
  models = { prefixes = { "sonar", "r1-1776" }, any = true },
  params = {
    drop = { "seed", "logit_bias", "user", "functions", "function_call", "stream_options" }, -- unverified
    rename = { max_completion_tokens = "max_tokens" },
    accepts = { "reasoning_effort", "web_search_options" },
  },
  history = { alternate = true, reasoning = "refused" }, -- unverified
  timeouts = { first_byte = 65000 }, -- deep research takes its time
  stream = { usage = "always", done = false }, -- unverified: done
}
