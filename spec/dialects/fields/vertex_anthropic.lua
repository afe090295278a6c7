-- SPDX-License-Identifier: Apache-2.0
--- What becomes of every member on the way to and from Claude on Vertex: as at Anthropic's own API, but for these.

local anthropic = require "spec.dialects.fields.anthropic_messages"

local FIRST_PARTY = "only Anthropic's own API takes it"

local function with(base, changes)
  local made = {}
  for path, entry in pairs(base) do made[path] = entry end
  for path, entry in pairs(changes) do made[path] = entry end
  return made
end

return {
  title = "OpenAI chat to Claude on Vertex AI",
  request = with(anthropic.request, {
    ["model"] = { "mapped", "the path, below publishers/anthropic/models/" },
    ["messages[].content[].image_url.url"] = { "mapped", "`source` base64; an address is fetched here" },
    ["cache_control"] = { "mapped", "`cache_control` of the last block" },
    ["mcp_servers"] = { "dropped", FIRST_PARTY },
    ["service_tier"] = { "dropped", FIRST_PARTY },
  }),
  answer = anthropic.answer,
}
