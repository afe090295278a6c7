-- SPDX-License-Identifier: Apache-2.0
--- Mistral AI.
---
--- - Unknown body fields are refused with 422 (extra_forbidden).
--- - Tool call ids in history must be exactly 9 characters of a-z A-Z 0-9, otherwise 400 type invalid_function_call
---   code 3280.
--- - tool_choice accepts auto, none, any, required; any is the native word for required.
--- - finish_reason adds model_length and error.
--- - content can be a string or an array of chunks: text, image_url, document_url, reference, thinking, input_audio,
---   file.
--- - Empty assistant message (no content and no tool_calls) is refused.
--- - A message after role tool must not be role user in older models; last message must be user or tool unless prefix
---   is true.
--- - File part uses top-level file_id.
--- - Moderation results have no flagged field.
--- - speech takes voice_id and returns JSON {audio_data}.
--- - Reasoning in the answer: content array with {type: thinking, thinking:[{type:text,text}]}.
--- - unverified: message order rule.

---@type Provider
return {
  name = "mistral",
  title = "Mistral AI",
  dialect = "openai_chat",
  base = "https://api.mistral.ai/v1",
  env = {
    key = { "MISTRAL_API_KEY" },
    base = { "MISTRAL_BASE_URL", "MISTRAL_API_BASE" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    embeddings = "/embeddings",
    moderations = "/moderations",
    speech = "/audio/speech",
    transcriptions = "/audio/transcriptions",
    files = "/files",
    batches = "/batch/jobs",
    models = "/models",
  },
  wires = {
    { surface = "chat", dialect = "mistral" },
    { surface = "speech", dialect = "mistral" },
    { surface = "moderations", dialect = "mistral" },
  },
  models = {
    prefixes = {
      "mistral-", "codestral-", "open-mistral-", "open-mixtral-", "open-codestral-", "pixtral-", "ministral-",
      "magistral-", "devstral-", "voxtral-",
    },
  },
  params = {
    -- messages[].name: except role tool; unverified: stream_options
    drop = {
      "user", "logit_bias", "logprobs", "top_logprobs", "stream_options", "messages[].name",
      "tools[].function.strict",
    },
    rename = { seed = "random_seed", max_completion_tokens = "max_tokens", dimensions = "output_dimension" },
    translate = { "seed", "max_completion_tokens" },
    accepts = { "reasoning_effort", "metadata", "prediction", "prompt_cache_key" },
  },
  history = { short_ids = true, reasoning = "refused", names = { "tool" } },
  stream = { usage = "always" },
}
