-- SPDX-License-Identifier: Apache-2.0
--- AI21 Labs.
---
--- - Members taken: model, messages, max_tokens, temperature (0 to 2), top_p, stop (list), n (1 to 16), stream, tools,
---   response_format (text, json_object), documents. Everything else is left out.
--- - Answers lack object, created, model. Errors are {detail: text or list}.
--- - Older models, j2-*, take one prompt and do not stream.
--- - unverified: n above 1 in a stream; shapes of streams and tools; whether a stream ends with [DONE].

---@type Provider
return {
  name = "ai21",
  title = "AI21 Labs",
  dialect = "ai21",
  base = "https://api.ai21.com/studio/v1",
  env = {
    key = { "AI21_API_KEY" },
    base = { "AI21_BASE_URL" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
  },
  wires = { { surface = "chat", prefixes = { "j2-" }, dialect = "ai21_complete" } },
  models = { prefixes = { "jamba" }, any = true },
  params = {
    drop = {
      "seed", "presence_penalty", "frequency_penalty", "tool_choice", "stream_options", "user", "logprobs",
      "top_logprobs", "logit_bias", "parallel_tool_calls", "messages[].name",
    },
    translate = { "max_completion_tokens", "response_format" },
    rename = { max_completion_tokens = "max_tokens" },
    lists = { "stop" },
    ranges = { temperature = { 0, 2 } },
  },
  history = { system = true, text = true, reasoning = "refused" },
  stream = { usage = "always", done = false }, -- unverified: done
}
