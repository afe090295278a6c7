-- SPDX-License-Identifier: Apache-2.0
--- Where texts stand in bodies of Gemini's generateContent (lua/places.lua). Its names may be written with snakes, too.

local below = require "places_below"

--- Parts at `at`.
local function parts(at, role, fixed)
  local group = below.at(at, role, fixed)
  return {
    group { "text", ".text" },
    group { "tool", ".functionCall.name", ".function_call.name", ".functionResponse.name", ".function_response.name" },
    group { "tool_arguments", ".functionCall.args.**", ".function_call.args.**", ".executableCode.code",
      ".executable_code.code" },
    group { "tool_result", ".functionResponse.response.**", ".function_response.response.**",
      ".codeExecutionResult.output", ".code_execution_result.output" },
    group { "url", ".fileData.fileUri", ".file_data.file_uri", unless = "data:" },
    group { false, ".inlineData.**", ".inline_data.**", ".thoughtSignature", ".thought_signature", ".functionCall.id",
      ".functionResponse.id", ".fileData.mimeType", ".file_data.mime_type" },
  }
end

local request = {
  below.other "**",
  { "tool", "tools[].functionDeclarations[].name", "tools[].function_declarations[].name" },
  below.description("tools[].**", "generationConfig.responseSchema.**", "generation_config.response_schema.**"),
  { false, "model", "contents[].role", "systemInstruction.role", "system_instruction.role" },
}

local answer = {
  below.other "candidates[].**",
  { false, "candidates[].finishReason" },
}

return {
  request = below.join(request, parts("contents[].parts[]", "contents[].role", "user"),
    parts("systemInstruction.parts[]", nil, "system"), parts("system_instruction.parts[]", nil, "system")),
  answer = below.join(answer, parts("candidates[].content.parts[]", nil, "assistant")),
}
