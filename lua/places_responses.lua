-- SPDX-License-Identifier: Apache-2.0
--- Where texts stand in bodies of OpenAI's Responses API (lua/places.lua).

local below = require "places_below"

--- Items of a conversation at `at`.
local function items(at, fixed)
  local group = below.at(at, at .. ".role", fixed)
  return {
    group { "text", ".content", ".content[]", ".content[].text", ".content[].transcript", ".text" },
    group { "refusal", ".content[].refusal" },
    group { "reasoning", ".summary[].text" },
    group { "tool", ".name" },
    group { "tool_arguments", ".arguments", ".arguments.**", ".input", ".action.**", ".queries[]", ".code" },
    group { "tool_result", ".output", ".output.**", ".outputs[].**", ".results[].**" },
    group { "name", ".content[].filename", ".output[].filename" },
    group { "url", ".content[].image_url", ".output[].image_url", ".content[].file_url", unless = "data:" },
    group { false, ".id", ".type", ".role", ".status", ".call_id", ".encrypted_content", ".result", ".content[].type",
      ".content[].detail", ".content[].file_data", ".content[].input_audio.data", ".content[].logprobs.**",
      ".output[].type", ".output[].file_data", ".summary[].type" },
  }
end

local both = {
  { "instructions", "instructions", "instructions[].**", fixed = "system" },
  { "tool", "tools[].name" },
  below.description("tools[].**", "text.**"),
  { "metadata", "metadata.*" },
}

local request = {
  below.other "**",
  { "input", "input", "input[]", fixed = "user" },
  { "text", "prompt.variables.**", fixed = "user" },
  { false, "model", "previous_response_id", "tool_choice", "service_tier", "truncation", "reasoning.effort",
    "reasoning.summary", "include[]" },
}

local answer = {
  below.other("output[].**", "error.**"),
  { "text", "output_text", fixed = "assistant" },
}

return {
  request = below.join(both, request, items("input[]", "user")),
  answer = below.join(both, answer, items("output[]", "assistant")),
}
