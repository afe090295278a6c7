-- SPDX-License-Identifier: Apache-2.0
--- What becomes of every member on the way to and from Google's models on Vertex: as at Google's own API, but for
--- these.

local gemini = require "spec.dialects.fields.gemini"

local function with(base, changes)
  local made = {}
  for path, entry in pairs(base) do made[path] = entry end
  for path, entry in pairs(changes) do made[path] = entry end
  return made
end

return {
  title = "OpenAI chat to Gemini on Vertex AI",
  request = with(gemini.request, {
    ["model"] = { "mapped", "the path, below publishers/google/models/" },
    ["labels"] = { "kept", "`labels`" },
    ["messages[].tool_call_id"] = { "mapped", "`functionResponse.name`, that of its call" },
    ["messages[].tool_calls[].id"] = { "dropped", "Vertex has no ids" },
    ["service_tier"] = { "mapped", "the headers x-vertex-ai-llm-…; default says nothing" },
  }),
  answer = gemini.answer,
}
