-- SPDX-License-Identifier: Apache-2.0
--- Where texts stand in bodies of Anthropic's Messages API (lua/places.lua).

local below = require "places_below"

--- Content blocks at `at`. A tool's result holds blocks in turn.
local function blocks(at, role, fixed)
  local group = below.at(at, role, fixed)
  return {
    group { "text", ".text", ".citations[].cited_text" },
    group { "reasoning", ".thinking" },
    group { "tool", ".name" },
    group { "tool_arguments", ".input", ".input.**" },
    group { "tool_result", ".content", ".content.**", ".content[]", ".content[].**" },
    group { "document", ".title", ".context", ".source.content", ".source.content[].text",
      ".citations[].document_title", ".content[].title", ".content[].context", ".content[].source.content",
      ".content[].source.content[].text" },
    group { "document", ".source.data", ".content[].source.data", only_type = "text" },
    group { "url", ".source.url", ".content[].source.url", unless = "data:" },
    group { false, ".type", ".id", ".tool_use_id", ".signature", ".data", ".cache_control.**", ".source.type",
      ".source.media_type", ".source.content[].type", ".content[].type", ".content[].cache_control.**",
      ".content[].encrypted_content", ".content[].source.type", ".content[].source.media_type" },
  }
end

local request = {
  below.other "**",
  { "text", "system", "system[].text", fixed = "system" },
  { "text", "messages[].content", "messages[].content[]", role = "messages[].role" },
  { "tool", "tools[].name", "tool_choice.name" },
  below.description "tools[].**",
  { "metadata", "metadata.*" },
  { false, "model", "messages[].role", "system[].type", "system[].cache_control.**", "tools[].type",
    "tools[].cache_control.**", "tool_choice.type", "thinking.type", "service_tier" },
}

local answer = { below.other "content[].**" }

return {
  request = below.join(request, blocks("messages[].content[]", "messages[].role")),
  answer = below.join(answer, blocks("content[]", nil, "assistant")),
}
