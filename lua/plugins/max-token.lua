-- SPDX-License-Identifier: Apache-2.0
--- Refuses requests that declare more tokens, carry more messages or more text than allowed (gateway-api 5.2). 0
--- switches a limit off. It never adds a limit of its own to a request.

local json = require "gateway.json"

--- Where the APIs that clients speak declare how long an answer may be.
local CEILINGS = {
  "max_completion_tokens", "max_tokens", "max_output_tokens", "generationConfig.maxOutputTokens",
  "generation_config.max_output_tokens",
}

--- The ceiling a request declares, by any of its names.
local function declared(body)
  local most = 0
  for _, name in ipairs(CEILINGS) do
    local value = body:get(name)
    if type(value) == "number" and value > most then most = value end
  end
  return most
end

--- Where the messages are, by endpoint.
local MESSAGES = {
  chat = "messages", messages = "messages", responses = "input", gemini = "contents",
}

local function message_count(ctx)
  local name = MESSAGES[ctx.endpoint]
  local messages = name and ctx.body:get(name)
  return json.is_array(messages) and #messages or 0
end

local function text_length(ctx)
  local total = 0
  for part in ctx:texts() do total = total + #part.text end
  return total
end

local function before_request(ctx, conf)
  local function refuse(form, found, limit)
    return ctx:reject { status = 400, reason = form:format(found, limit) }
  end
  local tokens = conf.max_tokens > 0 and declared(ctx.body) or 0
  if tokens > conf.max_tokens then return refuse("max_tokens %d exceeds limit of %d", tokens, conf.max_tokens) end
  local messages = conf.max_messages > 0 and message_count(ctx) or 0
  if messages > conf.max_messages then
    return refuse("message count %d exceeds limit of %d", messages, conf.max_messages)
  end
  local length = conf.max_input_length > 0 and text_length(ctx) or 0
  if length > conf.max_input_length then
    return refuse("total input length %d exceeds limit of %d", length, conf.max_input_length)
  end
end

---@type Plugin
return {
  name = "max-token",
  type = "guardrail",
  schema = {
    max_tokens = { "integer", min = 0, default = 4096 },
    max_messages = { "integer", min = 0, default = 100 },
    max_input_length = { "integer", min = 0, default = 0 },
  },
  before_request = before_request,
}
