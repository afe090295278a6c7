-- SPDX-License-Identifier: Apache-2.0
--- What becomes of OpenAI's chat request on its way to Claude through Bedrock's InvokeModel, and of the answer: as with
--- Anthropic itself, but for what is named here.

local anthropic = require "spec.dialects.fields.anthropic_messages"

local function but(members, changed)
  local all = {}
  for path, entry in pairs(members) do all[path] = entry end
  for path, entry in pairs(changed) do all[path] = entry end
  return all
end

return {
  title = "OpenAI chat to Claude on Bedrock (InvokeModel)",
  request = but(anthropic.request, {
    ["model"] = { "mapped", "a segment of the path, the upstream's name" },
    ["stream"] = { "mapped", "the path: invoke-with-response-stream" },
    ["messages[].content[].image_url.url"] = { "mapped", "`source` base64, fetched if need be" },
    ["messages[].content[].file.file_id"] = { "kept", "`source.file_id`, which Bedrock refuses" },
    ["service_tier"] = { "dropped", "this body has no counterpart" },
    ["cache_control"] = { "mapped", "on the last block of the last message" },
    ["mcp_servers"] = { "dropped", "Bedrock refuses it" },
  }),
  answer = but(anthropic.answer, {
    ["amazon-bedrock-invocationMetrics"] = { "mapped", "`usage` of a stream that Claude did not count" },
  }),
}
