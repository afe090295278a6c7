-- SPDX-License-Identifier: Apache-2.0
--- Short ways through the dialect anthropic_messages.

local json = require "gateway.json"
local spec = require "gateway.spec"

local dialect = spec.script("providers/dialects", "anthropic_messages")
local provider = spec.script("providers", "anthropic")

local anthropic = { dialect = dialect, provider = provider }

--- The call for a body given as JSON text, or as a table of members.
function anthropic.call(body, model, more)
  if type(body) == "table" then
    body.messages = body.messages or json.array { { role = "user", content = "Hi" } }
    body = json.encode(body)
  end
  local call = {
    model = model or "claude-sonnet-4-5", requested_model = model or "claude-sonnet-4-5", created = 1767225600,
    stream = false, include_usage = true, request = assert(json.decode(body, { raw = dialect.raw_keys })),
  }
  for name, value in pairs(more or {}) do call[name] = value end
  return call
end

--- What Anthropic is sent: the decoded body, and the whole request; or nil and the failure.
function anthropic.sent(body, model, more)
  local made, failure = dialect.request(anthropic.call(body, model, more), provider)
  if not made then return nil, failure end
  return assert(json.decode(made.body)), made
end

--- What Anthropic is sent, with the members that `keys` names as JSON text in their own order.
function anthropic.sent_raw(body, model, keys)
  local made = assert(dialect.request(anthropic.call(body, model), provider))
  return assert(json.decode(made.body, { raw = keys }))
end

--- The blocks of one message that Anthropic is sent.
function anthropic.content(messages, position, model)
  local body = assert(anthropic.sent({ messages = json.array(messages) }, model))
  return body.messages[position or 1].content
end

--- A user message with one part.
function anthropic.part(part)
  return { role = "user", content = json.array { part } }
end

--- An assistant message with one tool call.
function anthropic.called(id, name, arguments)
  return {
    role = "assistant", content = json.null, tool_calls = json.array {
      { id = id, type = "function", ["function"] = { name = name, arguments = arguments or "{}" } },
    },
  }
end

function anthropic.tool(name, parameters, more)
  local spec_of = { name = name, parameters = parameters }
  for key, value in pairs(more or {}) do spec_of[key] = value end
  return { type = "function", ["function"] = spec_of }
end

--- The decoded chat.completion for an answer given as a table or JSON text.
function anthropic.answered(answer, call)
  local text = type(answer) == "table" and json.encode(answer) or answer
  local made, more = dialect.response(call or anthropic.call {}, text, {})
  if not made then return nil, more end
  return json.decode(made), more
end

--- The payloads, decoded, for events given as tables; and the state.
function anthropic.streamed(events, call)
  local state, list = dialect.stream(call or anthropic.call {}), {}
  for _, event in ipairs(events) do
    local payloads, failure = dialect.event(state, event.type or "", json.encode(event))
    if not payloads then return nil, failure, list end
    for _, payload in ipairs(payloads) do list[#list + 1] = json.decode(payload) end
  end
  return list, state
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
