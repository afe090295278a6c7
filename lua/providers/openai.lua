-- SPDX-License-Identifier: Apache-2.0
--- OpenAI.
---
--- - System role is replaced by developer for reasoning models (system is still accepted and treated as developer).
--- - gpt-image-* always returns b64_json and rejects response_format.

---@type Provider
return {
  name = "openai",
  title = "OpenAI",
  dialect = "openai_chat",
  base = "https://api.openai.com/v1",
  env = {
    key = { "OPENAI_API_KEY" },
    base = { "OPENAI_BASE_URL" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    completions = "/completions",
    embeddings = "/embeddings",
    images = "/images/generations",
    images_edits = "/images/edits",
    images_variations = "/images/variations",
    moderations = "/moderations",
    responses = "/responses",
    realtime = "/realtime",
    speech = "/audio/speech",
    transcriptions = "/audio/transcriptions",
    translations = "/audio/translations",
    files = "/files",
    batches = "/batches",
    models = "/models",
  },
  models = {
    prefixes = {
      "gpt-", "chatgpt-", "o1", "o2", "o3", "o4", "o5", "o6", "o7", "o8", "o9", "text-embedding-", "dall-e-", "tts-",
      "whisper-", "omni-moderation-", "text-moderation-", "codex-", "davinci-", "babbage-", "ft:",
      "computer-use-preview", "sora-",
    },
  },
  params = {
    accepts = "all",
    when = {
      {
        prefixes = { "o1", "o3", "o4", "gpt-5" },
        except = { "gpt-5-chat" },
        rename = { max_tokens = "max_completion_tokens" },
        -- gpt-5.1 and later take temperature, top_p and logprobs when reasoning_effort is none
        drop = {
          "temperature", "top_p", "presence_penalty", "frequency_penalty", "logprobs", "top_logprobs", "logit_bias",
        },
      },
      { prefixes = { "o3", "o4-mini" }, drop = { "stop" } },
      { prefixes = { "gpt-4o-search-preview", "gpt-4o-mini-search-preview" }, drop = { "temperature" } },
      { surface = "images", prefixes = { "gpt-image-", "chatgpt-image-" }, drop = { "response_format", "style" } },
    },
  },
  -- Models without chat. Unverified: that all of these, and no others, know the Responses API alone.
  wires = {
    { surface = "chat", contains = { "-codex", "codex-mini", "-pro", "-deep-research", "computer-use-preview" },
      except = { "ft:" }, dialect = "openai_responses", path = "/responses" },
    { surface = "completions", dialect = "openai_completions",
      prefixes = { "gpt-3.5-turbo-instruct", "davinci-", "babbage-", "ft:davinci-", "ft:babbage-" } },
  },
  stream = { usage = "include_usage" },
}
