-- SPDX-License-Identifier: Apache-2.0
--- The demo's "wire format": there is no wire. `demo-echo` says what it was told, `demo-lorem` says something longer, a
--- word at a time. So that the first curl of the README works with no key, and a stream can be looked at.

local json = require "gateway.json"
local clock = require "gateway.clock"
local random = require "gateway.random"

local LOREM = "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt ut labore et "
  .. "dolore magna aliqua. Ut enim ad minim veniam, quis nostrud exercitation ullamco laboris nisi ut aliquip ex ea "
  .. "commodo consequat."

--- The text of one message's content: a string, or the text parts of a list.
local function text_of(content)
  if type(content) == "string" then return content end
  local parts = {}
  for _, part in ipairs(json.is_array(content) and content or {}) do
    if json.is_object(part) and type(part.text) == "string" then parts[#parts + 1] = part.text end
  end
  return table.concat(parts, " ")
end

local function last_user_text(messages)
  for i = #messages, 1, -1 do
    local message = messages[i]
    if json.is_object(message) and message.role == "user" then return text_of(message.content) end
  end
  return ""
end

local function words(text)
  local list = {}
  for word in text:gmatch "%s*%S+" do list[#list + 1] = word end
  return list
end

--- A word is about a token; good enough for a demo, and exact enough to show that usage arrives.
local function count_tokens(messages)
  local count = 0
  for _, message in ipairs(messages) do
    if json.is_object(message) then count = count + #words(text_of(message.content)) end
  end
  return count
end

local function usage_of(messages, said)
  local prompt, completion = count_tokens(messages), #said
  return { prompt_tokens = prompt, completion_tokens = completion, total_tokens = prompt + completion }
end

local function chunk(envelope, delta, finish)
  return {
    id = envelope.id, object = "chat.completion.chunk", created = envelope.created, model = envelope.model,
    choices = json.array { { index = 0, delta = delta, finish_reason = finish or json.null } },
  }
end

local function payloads_of(envelope, said, usage)
  local list = { chunk(envelope, { role = "assistant", content = "" }) }
  for _, word in ipairs(said) do list[#list + 1] = chunk(envelope, { content = word }) end
  list[#list + 1] = chunk(envelope, {}, "stop")
  if usage then
    local last = chunk(envelope, {})
    last.choices, last.usage = json.array {}, usage
    list[#list + 1] = last
  end
  return list
end

local function whole_of(envelope, said, usage)
  local message = { role = "assistant", content = table.concat(said), refusal = json.null }
  return {
    id = envelope.id, object = "chat.completion", created = envelope.created, model = envelope.model,
    choices = json.array { { index = 0, message = message, logprobs = json.null, finish_reason = "stop" } },
    usage = usage,
  }
end

local function answer(call)
  local messages = call.request.messages
  local said = words(call.model == "demo-lorem" and LOREM or last_user_text(messages))
  local usage = usage_of(messages, said)
  local envelope = { id = "chatcmpl-" .. random.hex(12), created = math.floor(clock.now()), model = call.model }
  return {
    usage = usage,
    whole = not call.stream and whole_of(envelope, said, usage) or nil,
    payloads = call.stream and payloads_of(envelope, said, call.include_usage and usage or nil) or nil,
    pause_ms = call.model == "demo-lorem" and 20 or 0,
  }
end

---@type Dialect
return { name = "demo", answer = answer }
