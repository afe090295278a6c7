-- SPDX-License-Identifier: Apache-2.0
--- A client of Anthropic's Messages API in front of anybody: short ways through the faces of anthropic_messages.

local document = require "gateway.document"
local json = require "gateway.json"
local spec = require "gateway.spec"
local sse = require "gateway.sse"

local dialect = spec.script("providers/dialects", "anthropic_messages")

local face = { messages = dialect.faces.messages, count_tokens = dialect.faces.count_tokens }

local function kind_of(raw)
  local found = json.decode(raw)
  if found == json.null then return nil, "null" end
  if json.is_array(found) then return nil, "array" end
  if type(found) == "table" then return nil, "object" end
  if type(found) == "number" then return found, raw:find "[.eE]" and "number" or "integer" end
  return found, type(found)
end

--- What `read` looks at: a call with this body.
function face.call(body)
  local doc = assert(document.new(type(body) == "string" and body or json.encode(body)))
  return {
    raw = function(_, name) return doc:raw(name) end,
    get = function(_, name)
      local raw = doc:raw(name)
      if raw then return kind_of(raw) end
    end,
  }
end

--- The context as the pipeline makes it of a body; `more` are members of it, `target` among them.
function face.context(body, more, which)
  which = which or face.messages
  local text = type(body) == "string" and body or json.encode(body)
  local read = assert(which.read(face.call(text)))
  local context = {
    request = json.decode(text, { raw = which.raw_keys }), model = read.model, stream = read.stream,
    facts = read.facts, headers = {}, kept = {}, id = "1" .. ("0"):rep(31), created = 1767225600,
  }
  for name, value in pairs(more or {}) do context[name] = value end
  return context
end

--- A body with what every request needs.
function face.body(members)
  local body = {
    model = "a-model", max_tokens = 64, messages = json.array { { role = "user", content = "Hi" } },
  }
  for name, value in pairs(members) do body[name] = value end
  return body
end

--- What the one who is asked gets, decoded; and the context.
function face.asked(members, more)
  local context = face.context(face.body(members), more)
  local body, failure = face.messages.request(context)
  if not body then return nil, failure end
  return json.decode(json.encode(body)), context
end

--- The messages that `list` becomes.
function face.turns(list, more)
  local body, failure = face.asked({ messages = json.array(list) }, more)
  return body and body.messages, failure
end

--- The client's message for a `chat.completion`, given as a table or as JSON text.
function face.answered(answer)
  local text = type(answer) == "string" and answer or json.encode(answer)
  local made = face.messages.response(face.context(face.body {}), text)
  return made and json.decode(made), made
end

--- A chat.completion with this message.
function face.completion(message, reason, usage)
  return {
    id = "chatcmpl-1", model = "m", usage = usage,
    choices = json.array { { index = 0, message = message, finish_reason = reason or "stop" } },
  }
end

--- The events in an SSE text, decoded.
function face.events(bytes)
  local list = {}
  for _, event in ipairs(assert(sse.new():feed(bytes))) do
    local data = assert(json.decode(event.data))
    assert(data.type == event.name, "the event's name is not its type")
    list[#list + 1] = data
  end
  return list
end

--- The bytes that payloads (JSON texts) become; `usage` is what the dialect counted.
function face.bytes(payloads, usage)
  local state, bytes = face.messages.stream(face.context(face.body { stream = true })), {}
  for _, payload in ipairs(payloads) do bytes[#bytes + 1] = face.messages.event(state, payload) end
  bytes[#bytes + 1] = face.messages.finish(state, usage)
  return table.concat(bytes)
end

--- The events that chunks with these deltas become. A delta may be a whole chunk: with `choices` or `usage`.
function face.streamed(deltas, reason)
  local payloads = {}
  for _, delta in ipairs(deltas) do
    local chunk = (delta.choices or delta.usage or delta.error) and delta
      or { choices = json.array { { index = 0, delta = delta, finish_reason = json.null } } }
    chunk.id, chunk.model = "chatcmpl-1", "m"
    payloads[#payloads + 1] = json.encode(chunk)
  end
  if reason then
    payloads[#payloads + 1] = json.encode {
      choices = json.array { { index = 0, delta = {}, finish_reason = reason } },
    }
  end
  return face.events(face.bytes(payloads))
end

--- Each event in a few words: "start 0 text", "delta 0 Hel", "stop 0", "message_start" ...
function face.told(events)
  local lines = {}
  for i, event in ipairs(events) do
    local words = event.type
    if event.type == "content_block_start" then
      words = ("start %d %s"):format(event.index, event.content_block.name or event.content_block.type)
    elseif event.type == "content_block_delta" then
      local delta = event.delta
      words = ("delta %d %s"):format(event.index,
        delta.text or delta.thinking or delta.partial_json or delta.signature)
    elseif event.type == "content_block_stop" then
      words = "stop " .. event.index
    elseif event.type == "message_delta" then
      words = event.delta.stop_reason
    end
    lines[i] = words
  end
  return lines
end

return face
