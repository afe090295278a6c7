-- SPDX-License-Identifier: Apache-2.0
--- Short ways through the dialect openai_responses, both as a face and upstream.

local chunks = require "spec.support.chunks"
local json = require "gateway.json"
local spec = require "gateway.spec"
local sse = require "gateway.sse"

local dialect = spec.script("providers/dialects", "openai_responses")
local provider = spec.script("providers", "openai")
local face = dialect.faces.responses

local responses = { dialect = dialect, face = face, provider = provider }

--- The body as the hallway decodes it.
local function decoded(body, raw_keys)
  if type(body) == "table" then body = json.encode(body) end
  return assert(json.decode(body, { raw = raw_keys }))
end

-- The face -----------------------------------------------------------------------------------------------------------

--- The context of a client's request, given as JSON text or as a table of members.
function responses.context(body, more)
  local request = decoded(body, face.raw_keys)
  request.model = request.model or "gpt-4o"
  local context = {
    request = request, model = request.model, stream = request.stream == true, headers = {}, kept = {}, facts = {},
    id = "0123", created = 1767225600, on_unsupported_param = "warn",
  }
  for name, value in pairs(more or {}) do context[name] = value end
  return context
end

--- The chat body for a request, decoded; or nil and the failure. And the context.
function responses.asked(body, more)
  local context = responses.context(body, more)
  local made, failure = face.request(context)
  if not made then return nil, failure, context end
  return assert(json.decode(assert(json.encode(made)))), nil, context
end

--- The messages that an input becomes.
function responses.messages(input, more)
  local made = assert(responses.asked({ input = input }, more))
  return made.messages
end

--- A context whose request has been asked.
function responses.ready(body, more)
  local context = responses.context(body or { input = "Hi" }, more)
  assert(face.request(context))
  return context
end

function responses.completion(message, more)
  message.role = "assistant"
  local answer = {
    id = "chatcmpl-1", object = "chat.completion", created = 1767225601, model = "gpt-4o-2024",
    choices = json.array { { index = 0, finish_reason = "stop", message = message } },
    usage = { prompt_tokens = 9, completion_tokens = 2, total_tokens = 11 },
  }
  for name, value in pairs(more or {}) do
    if name == "finish_reason" or name == "logprobs" then answer.choices[1][name] = value else answer[name] = value end
  end
  return answer
end

--- The Response object for an assistant message, decoded; and the context.
function responses.answered(message, more, body)
  local context = responses.ready(body)
  local text = face.response(context, json.encode(responses.completion(message, more)))
  return text and assert(json.decode(text)), context
end

function responses.chunk(delta, finish, more)
  local made = {
    id = "chatcmpl-1", object = "chat.completion.chunk", created = 1767225601, model = "gpt-4o-2024",
    choices = json.array { { index = 0, delta = delta, finish_reason = finish or json.null } },
  }
  for name, value in pairs(more or {}) do
    if name == "logprobs" then made.choices[1].logprobs = value else made[name] = value end
  end
  return made
end

function responses.used(prompt, completion)
  local usage = { prompt_tokens = prompt, completion_tokens = completion, total_tokens = prompt + completion }
  return { id = "chatcmpl-1", created = 1767225601, model = "gpt-4o-2024", choices = json.array {}, usage = usage }
end

--- The events of a body of the face, decoded; their names must be their types, their numbers count from 0.
function responses.events(text)
  local list = {}
  for i, event in ipairs(assert(sse.new():feed(text))) do
    list[i] = assert(json.decode(event.data))
    assert(list[i].type == event.name, "an event's name is its type")
    assert(list[i].sequence_number == i - 1, "events are numbered")
  end
  return list
end

--- The bytes that chunks become, with the end.
function responses.flowed(list, context, counts)
  local state, bytes = face.stream(context or responses.ready()), {}
  for i, chunk in ipairs(list) do
    bytes[i] = face.event(state, type(chunk) == "table" and json.encode(chunk) or chunk)
  end
  bytes[#bytes + 1] = face.finish(state, counts)
  return table.concat(bytes)
end

--- Their events' types, each once in a row.
function responses.types(events)
  local list = {}
  for _, event in ipairs(events) do
    if list[#list] ~= event.type then list[#list + 1] = event.type end
  end
  return list
end

-- Upstream -----------------------------------------------------------------------------------------------------------

function responses.call(body, more)
  local request = decoded(body, dialect.raw_keys)
  request.messages = request.messages or json.array { { role = "user", content = "Hi" } }
  local call = {
    model = "gpt-5-codex", requested_model = "gpt-5-codex", created = 1767225600, stream = false, kept = {},
    include_usage = true, request = request, headers = {}, variables = {},
  }
  for name, value in pairs(more or {}) do call[name] = value end
  return call
end

--- What the provider is sent: the decoded body and the whole request, or nil and the failure.
function responses.sent(body, more)
  local made, failure = dialect.request(responses.call(body, more), provider)
  if not made then return nil, failure end
  return assert(json.decode(made.body)), made
end

function responses.translated(text, pieces, more)
  return chunks.translated(dialect, responses.call({}, more or { stream = true }), pieces or { text })
end

return responses
