-- SPDX-License-Identifier: Apache-2.0
--- Short ways through the dialect anthropic_messages.

local json = require "gateway.json"
local spec = require "gateway.spec"
local ways = require "spec.support.ways"

local dialect = spec.script("providers/dialects", "anthropic_messages")
local provider = spec.script("providers", "anthropic")
local through = ways.through(dialect, provider, "claude-sonnet-4-5")

local anthropic = {
  dialect = dialect, provider = provider, part = ways.part, called = ways.called, tool = ways.tool,
}

for _, name in ipairs { "call", "sent", "sent_raw", "answered", "streamed" } do
  anthropic[name] = function(...) return through[name](through, ...) end
end

--- The blocks of one message that Anthropic is sent.
function anthropic.content(messages, position, model)
  local body = assert(anthropic.sent({ messages = json.array(messages) }, model))
  return body.messages[position or 1].content
end

function anthropic.start(id)
  return {
    type = "message_start",
    message = { id = id or "msg_1", model = "claude-x", role = "assistant", content = json.array {},
      usage = { input_tokens = 3, output_tokens = 1 } },
  }
end

function anthropic.block(index, block)
  return { type = "content_block_start", index = index, content_block = block }
end

function anthropic.delta(index, delta)
  return { type = "content_block_delta", index = index, delta = delta }
end

function anthropic.stop(index)
  return { type = "content_block_stop", index = index }
end

return anthropic
