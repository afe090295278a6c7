-- SPDX-License-Identifier: Apache-2.0
--- Short ways through the faces for Gemini's clients.

local json = require "gateway.json"
local spec = require "gateway.spec"

local dialect = spec.script("providers/dialects", "gemini")

local face = { faces = dialect.faces, chat = dialect.faces.gemini }

--- Who is asked, as the hallway tells it to a face.
function face.target(dialect_name, provider, model)
  return {
    dialect = dialect_name or "openai_chat", provider = provider or { name = "openai", paths = {} }, model = model,
  }
end

--- A call of a client for an address.
function face.at(path, query, headers)
  return {
    path = function() return path end, query = function() return query end,
    header = function(_, name) return headers and headers[name] end,
  }
end

--- What a body becomes that is given as JSON text or as a table; `more` are members of the context.
function face.context(body, more)
  local chosen = more and more.face or face.chat
  local text = type(body) == "table" and json.encode(body) or body
  local context = {
    request = assert(json.decode(text, { raw = chosen.raw_keys })), model = "gpt-4.1-mini", stream = false,
    headers = {},
    facts = { method = "generateContent", sse = false }, kept = {}, id = "r1", created = 1767225600,
    target = face.target(),
  }
  for name, value in pairs(more or {}) do context[name] = value end
  return context
end

--- OpenAI's body for one of Gemini's, decoded; or nil and the failure.
function face.sent(body, more)
  if type(body) == "table" then
    body.contents = body.contents or json.array { { role = "user", parts = json.array { { text = "Hi" } } } }
  end
  local context = face.context(body, more)
  local made, failure = face.chat.request(context)
  if not made then return nil, failure end
  return json.decode(json.encode(made)), context
end

--- The messages for contents.
function face.messages(contents, more)
  local made, failure = face.sent({ contents = json.array(contents) }, more)
  return made and made.messages, failure
end

--- An OpenAI answer as Gemini's client reads it, decoded.
function face.answered(answer, context)
  local text = type(answer) == "table" and json.encode(answer) or answer
  return json.decode(face.chat.response(context or face.context({ contents = {} }), text))
end

--- The bytes of a stream for OpenAI's chunks.
function face.streamed(chunks, context, usage)
  local state = face.chat.stream(context or face.context({ contents = {} }, { facts = { sse = true } }))
  local list = {}
  for _, chunk in ipairs(chunks) do
    list[#list + 1] = face.chat.event(state, type(chunk) == "table" and json.encode(chunk) or chunk)
  end
  list[#list + 1] = face.chat.finish(state, usage)
  return table.concat(list), state
end

return face
