-- SPDX-License-Identifier: Apache-2.0
--- Counting the tokens of a request before it is sent: the same body without what only an answer needs.

local json = require "gateway.json"

local failure = require "providers.dialects.neutral.failure"
local request = require "providers.dialects.anthropic.request"
local value = require "providers.dialects.neutral.value"

-- What the call takes; anything else is refused ("Extra inputs are not permitted").
local MEMBERS = {
  "model", "messages", "system", "tools", "tool_choice", "thinking", "output_config", "cache_control",
  "context_management", "mcp_servers",
}

---@param call DialectCall
---@param provider Provider
---@return DialectRequest?, Failure?
local function build(call, provider)
  local draft, problem = request.draft(call, provider)
  if not draft then return nil, problem end
  local body = {}
  for _, name in ipairs(MEMBERS) do body[name] = draft.body[name] end
  return request.rendered(draft, call.path or provider.paths.count_tokens, body)
end

---@param _ DialectCall
---@param text string
---@return string?, Failure?
local function response(_, text)
  local count = value.typed(json.decode(text), "input_tokens", "number")
  if not count then return nil, failure.answer("the upstream provider's answer is not a token count") end
  return ('{"input_tokens":%d}'):format(count)
end

return {
  raw_keys = { parameters = true, schema = true, content = "long", text = "long" },
  request = build, response = response,
}
