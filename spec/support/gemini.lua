-- SPDX-License-Identifier: Apache-2.0
--- Short ways through Google's dialects.

local json = require "gateway.json"
local spec = require "gateway.spec"

local gemini = { dialect = spec.script("providers/dialects", "gemini") }

--- The call for a body given as JSON text, or as a table of members.
function gemini.call(body, model, more)
  body = body or {}
  if type(body) == "table" then
    body.messages = body.messages or json.array { { role = "user", content = "Hi" } }
    body = json.encode(body)
  end
  local call = {
    model = model or "gemini-2.5-flash", requested_model = model or "gemini-2.5-flash", created = 1767225600,
    surface = "chat", stream = false, include_usage = true, headers = {}, variables = {}, kept = {},
    request = assert(json.decode(body, { raw = gemini.dialect.raw_keys })),
  }
  for name, value in pairs(more or {}) do call[name] = value end
  return call
end

--- What Google is sent: the decoded body, and the whole request; or nil and the failure.
function gemini.sent(body, model, more)
  local made, failure = gemini.dialect.request(gemini.call(body, model, more))
  if not made then return nil, failure end
  return assert(json.decode(made.body)), made
end

--- The text of what Google is sent, for what decoding forgets.
function gemini.sent_text(body, model, more)
  return assert(gemini.dialect.request(gemini.call(body, model, more))).body
end

--- The contents for a list of messages.
function gemini.contents(messages, model, more)
  return assert(gemini.sent({ messages = json.array(messages) }, model, more)).contents
end

--- The generationConfig for members of a request.
function gemini.config(body, model)
  local sent, failure = gemini.sent(body, model)
  if not sent then return nil, failure end
  return sent.generationConfig
end

--- A user message with one part.
function gemini.part(part)
  return { role = "user", content = json.array { part } }
end

--- An assistant message with tool calls, each { id, name, arguments, signature }.
function gemini.called(...)
  local calls = json.array {}
  for i, call in ipairs { ... } do
    calls[i] = {
      id = call[1], type = "function", ["function"] = { name = call[2], arguments = call[3] or "{}" },
      extra_content = call[4] and { google = { thought_signature = call[4] } },
    }
  end
  return { role = "assistant", content = json.null, tool_calls = calls }
end

function gemini.result(id, content)
  return { role = "tool", tool_call_id = id, content = content }
end

function gemini.tool(name, parameters, more)
  local made = { name = name, parameters = parameters }
  for key, value in pairs(more or {}) do made[key] = value end
  return { type = "function", ["function"] = made }
end

--- An answer of one candidate.
function gemini.answer(parts, reason, more)
  local candidate = { content = { role = "model", parts = json.array(parts) }, finishReason = reason or "STOP" }
  for name, value in pairs(more or {}) do candidate[name] = value end
  return { candidates = json.array { candidate }, responseId = "r1", modelVersion = "m1" }
end

--- The decoded chat.completion for an answer given as a table or JSON text.
function gemini.answered(answer, call)
  local text = type(answer) == "table" and json.encode(answer) or answer
  local made, more = gemini.dialect.response(call or gemini.call {}, text, {})
  if not made then return nil, more end
  return json.decode(made), more
end

--- The payloads, decoded, for events given as tables, with the end of the body; or nil, the failure, and what came
--- before it.
function gemini.streamed(events, call)
  local dialect = gemini.dialect
  local state, list = dialect.stream(call or gemini.call {}), {}
  local function add(payloads)
    for _, payload in ipairs(payloads) do list[#list + 1] = json.decode(payload) end
  end
  for _, event in ipairs(events) do
    local payloads, failure = dialect.event(state, "", type(event) == "table" and json.encode(event) or event)
    if not payloads then return nil, failure, list end
    add(payloads)
  end
  local payloads, failure = dialect.finish(state)
  if not payloads then return nil, failure, list end
  add(payloads)
  return list, state
end

return gemini
