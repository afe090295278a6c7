-- SPDX-License-Identifier: Apache-2.0
--- Where texts stand in OpenAI's chat bodies (lua/places.lua).

local below = require "places_below"

--- The places of one message at `at`.
local function message(at, fixed)
  local group = below.at(at, at .. ".role", fixed)
  return {
    group { "text", ".content", ".content[]", ".content[].text", ".content[].input_audio.transcript",
      ".audio.transcript", tool_kind = "tool_result" },
    group { "refusal", ".refusal", ".content[].refusal" },
    group { "reasoning", ".reasoning_content", ".reasoning", ".reasoning_details[].**", ".content[].thinking",
      ".content[].thinking.**", ".content[].reasoning" },
    group { "name", ".name", ".content[].file.filename", ".content[].file.file_name" },
    group { "tool", ".tool_calls[].function.name", ".tool_calls[].custom.name", ".function_call.name" },
    group { "tool_arguments", ".tool_calls[].function.arguments", ".tool_calls[].function.arguments.**",
      ".tool_calls[].custom.input", ".function_call.arguments", ".function_call.arguments.**" },
    group { "url", ".content[].image_url", ".content[].image_url.url", ".content[].video_url.url",
      ".content[].audio_url.url", ".images[].image_url.url", unless = "data:" },
    group { false, ".role", ".tool_call_id", ".tool_calls[].id", ".tool_calls[].type", ".content[].type",
      ".content[].signature", ".content[].image_url.detail", ".content[].input_audio.data",
      ".content[].input_audio.format", ".content[].file.file_data", ".audio.data", ".audio.id",
      ".reasoning_details[].data", ".reasoning_details[].signature", ".reasoning_details[].type" },
  }
end

local request = {
  below.other "**",
  { "text", "prediction.content", "prediction.content[].text", fixed = "assistant" },
  { "tool", "tools[].function.name", "tools[].custom.name", "functions[].name", "tool_choice.function.name" },
  below.description("tools[].**", "functions[].**", "response_format.**"),
  { "metadata", "metadata.*" },
  { false, "model", "tools[].type", "functions[].type", "response_format.type", "tool_choice", "tool_choice.type",
    "service_tier", "reasoning_effort", "verbosity", "modalities[]", "audio.format", "audio.voice" },
}

local answer = {
  below.other("choices[].**", "citations[]", "citations[].**", "search_results[].**", "provider_metadata.**"),
  { "text", "choices[].text", fixed = "assistant" },
  { false, "choices[].finish_reason", "choices[].logprobs.**" },
}

return {
  request = below.join(request, message "messages[]"),
  answer = below.join(answer, message("choices[].message", "assistant")),
}
