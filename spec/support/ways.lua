-- SPDX-License-Identifier: Apache-2.0
--- Short ways through any dialect: bodies in, what the vendor is sent and what the client reads out.

local json = require "gateway.json"

local ways = {}

---@class Ways short ways through one dialect with one provider
---@field dialect table
---@field provider table
---@field model string the upstream's name of the model, unless a call names another
local Ways = {}

--- The call for a body given as JSON text, or as a table of members (a short conversation where it names none).
function Ways:call(body, model, more)
  if type(body) == "table" then
    body.messages = body.messages or json.array { { role = "user", content = "Hi" } }
    body = json.encode(body)
  end
  model = model or self.model
  local call = {
    model = model, requested_model = model, created = 1767225600, surface = "chat", stream = false,
    include_usage = true, headers = {}, variables = {}, kept = {},
    request = assert(json.decode(body, { raw = self.dialect.raw_keys })),
  }
  for name, value in pairs(more or {}) do call[name] = value end
  return call
end

--- What the vendor is sent: the decoded body, and the whole request; or nil and the failure.
function Ways:sent(body, model, more)
  local made, failure = self.dialect.request(self:call(body, model, more), self.provider)
  if not made then return nil, failure end
  return assert(json.decode(made.body)), made
end

--- What the vendor is sent, with the members that `keys` names as JSON text in their own order.
function Ways:sent_raw(body, model, keys)
  local made = assert(self.dialect.request(self:call(body, model), self.provider))
  return assert(json.decode(made.body, { raw = keys }))
end

--- The decoded chat.completion for an answer given as a table or JSON text.
function Ways:answered(answer, call)
  local text = type(answer) == "table" and json.encode(answer) or answer
  local made, more = self.dialect.response(call or self:call {}, text, {})
  if not made then return nil, more end
  return json.decode(made), more
end

--- The payloads, decoded, for events given as tables (their name is their `type`); and the state.
function Ways:streamed(events, call)
  local state, list = self.dialect.stream(call or self:call {}), {}
  for _, event in ipairs(events) do
    local payloads, failure = self.dialect.event(state, event.type or "", json.encode(event))
    if not payloads then return nil, failure, list end
    for _, payload in ipairs(payloads) do list[#list + 1] = json.decode(payload) end
  end
  return list, state
end

---@param dialect table
---@param provider table
---@param model string
---@return Ways
function ways.through(dialect, provider, model)
  local self = { dialect = dialect, provider = provider, model = model }
  for name, method in pairs(Ways) do self[name] = method end
  return self
end

--- A user message with one part.
function ways.part(part)
  return { role = "user", content = json.array { part } }
end

--- An assistant message with one tool call.
function ways.called(id, name, arguments)
  return {
    role = "assistant", content = json.null, tool_calls = json.array {
      { id = id, type = "function", ["function"] = { name = name, arguments = arguments or "{}" } },
    },
  }
end

--- A function tool.
function ways.tool(name, parameters, more)
  local spec_of = { name = name, parameters = parameters }
  for key, value in pairs(more or {}) do spec_of[key] = value end
  return { type = "function", ["function"] = spec_of }
end

return ways
