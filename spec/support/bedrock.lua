-- SPDX-License-Identifier: Apache-2.0
--- Short ways through the dialect bedrock_converse.

local json = require "gateway.json"
local spec = require "gateway.spec"
local ways = require "spec.support.ways"

local dialect = spec.script("providers/dialects", "bedrock_converse")
local provider = spec.script("providers", "bedrock")

local bedrock = {
  dialect = dialect, provider = provider, part = ways.part, called = ways.called, tool = ways.tool,
  CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0", NOVA = "us.amazon.nova-pro-v1:0",
  LLAMA = "meta.llama3-3-70b-instruct-v1:0",
}
local through = ways.through(dialect, provider, bedrock.CLAUDE)

local function with_region(more)
  local members = { variables = { region = "us-east-1" } }
  for name, value in pairs(more or {}) do members[name] = value end
  return members
end

function bedrock.call(body, model, more) return through:call(body, model, with_region(more)) end
function bedrock.sent(body, model, more) return through:sent(body, model, with_region(more)) end
function bedrock.sent_raw(...) return through:sent_raw(...) end
function bedrock.answered(...) return through:answered(...) end

--- What Bedrock is sent for these messages.
function bedrock.conversation(messages, model, more)
  return assert(bedrock.sent({ messages = json.array(messages) }, model, more))
end

--- The blocks of one message that Bedrock is sent.
function bedrock.content(messages, position, model, more)
  return bedrock.conversation(messages, model, more).messages[position or 1].content
end

--- The answer of Converse with these blocks.
function bedrock.message(blocks, reason, more)
  local answer = {
    output = { message = { role = "assistant", content = json.array(blocks) } }, stopReason = reason or "end_turn",
  }
  for name, value in pairs(more or {}) do answer[name] = value end
  return answer
end

--- The payloads, decoded, for a list of { name, payload }; and the failure, if it ended in one.
function bedrock.streamed(events, call, stream_dialect)
  local speaker, list = stream_dialect or dialect, {}
  local state = speaker.stream(call or bedrock.call {}, { ["x-amzn-requestid"] = "r1" })
  local function take(payloads, failure)
    for _, payload in ipairs(payloads or {}) do list[#list + 1] = json.decode(payload) end
    return failure
  end
  for _, event in ipairs(events) do
    local data = type(event[2]) == "string" and event[2] or json.encode(event[2])
    local failure = take(speaker.event(state, event[1], data))
    if failure then return list, failure, state end
  end
  return list, take(speaker.finish(state)), state
end

--- The deltas of chunks; a chunk without choices as its usage.
function bedrock.deltas(chunks)
  local list = {}
  for i, chunk in ipairs(chunks) do
    local choice = chunk.choices[1]
    list[i] = choice and (choice.finish_reason ~= json.null and choice.finish_reason or choice.delta) or chunk.usage
  end
  return list
end

return bedrock
