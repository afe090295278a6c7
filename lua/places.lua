-- SPDX-License-Identifier: Apache-2.0
--- Where the texts of a request and of an answer stand.

local document = require "gateway.document"

local request = document.walker {
  { path = "messages[].content", kind = "text", role = "messages[].role", tool_kind = "tool_result" },
  { path = "messages[].content[].text", kind = "text", role = "messages[].role", tool_kind = "tool_result" },
  { path = "messages[].tool_calls[].function.arguments", kind = "tool_arguments", role = "messages[].role" },
}

local answer = document.walker {
  { path = "choices[].message.content", kind = "text", fixed = "assistant" },
  { path = "choices[].message.refusal", kind = "refusal", fixed = "assistant" },
  { path = "choices[].message.reasoning_content", kind = "reasoning", fixed = "assistant" },
  { path = "choices[].message.tool_calls[].function.arguments", kind = "tool_arguments", fixed = "assistant" },
}

local places = {}

function places.request() return request end

function places.answer() return answer end

return places
