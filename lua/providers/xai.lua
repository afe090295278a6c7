-- SPDX-License-Identifier: Apache-2.0
--- xAI.
---
--- - completion_tokens excludes reasoning_tokens while total_tokens includes them: add reasoning_tokens to
---   completion_tokens when total = prompt + completion + reasoning.
--- - finish_reason can be an empty string with tool calls: set tool_calls.
--- - Tool calls arrive whole in one stream chunk.
--- - A streaming request can be answered 200 application/json with {code,error}: check content-type.
--- - A wrong key has been answered with 400 rather than 401.
--- - usage.cost_in_usd_ticks: 10000000000 ticks = 1 USD.
--- - usage.server_side_tool_usage_details counts server tools.
--- - response may have citations array of URLs.
--- - unverified: 400 on wrong key.

---@type Provider
return {
  name = "xai",
  title = "xAI",
  dialect = "openai_chat",
  base = "https://api.x.ai/v1",
  env = {
    key = { "XAI_API_KEY" },
    base = { "XAI_BASE_URL", "XAI_API_BASE" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    completions = "/completions", -- unverified
    embeddings = "/embeddings",
    images = "/images/generations",
    images_edits = "/images/edits",
    responses = "/responses",
    realtime = "/realtime",
    speech = "/tts", -- unverified
    transcriptions = "/stt", -- unverified
    files = "/files",
    models = "/models",
  },
  wires = { { surface = "chat", dialect = "openai_variant" } },
  models = { prefixes = { "grok", "xai" } },
  params = {
    drop = { "web_search_options", "messages[].name", "tools[].function.strict" },
    rename = { max_completion_tokens = "max_tokens" },
    accepts = { "reasoning_effort" },
    when = {
      { contains = { "grok-4", "grok-code-fast", "grok-3-mini" }, drop = { "stop" } },
      { contains = { "grok-4", "grok-code-fast" }, drop = { "frequency_penalty", "presence_penalty" } },
      -- except only models that list it, e.g. grok-3-mini (low|high) and newer
      { prefixes = { "grok-4" }, drop = { "reasoning_effort" } },
      { surface = "images", drop = { "size", "quality", "style" } },
    },
  },
  stream = { usage = "include_usage" },
  reasoning = "reasoning_content",
}
