-- SPDX-License-Identifier: Apache-2.0
--- The neutral turns of a conversation as Cohere's `messages`. Its roles are OpenAI's; text beside tool calls is the
--- plan that led to them.

local failure = require "providers.dialects.neutral.failure"
local json = require "gateway.json"
local media = require "providers.dialects.neutral.media"
local messages = require "providers.dialects.neutral.messages"
local value = require "providers.dialects.neutral.value"

local function unsupported(part)
  return failure.request(("content parts of type %q cannot be sent to this provider"):format(part.type), "messages",
    "unsupported_content")
end

local function image_part(part)
  local url = media.image_url(part)
  if not url then return nil, failure.request("image_url must have a url", "messages") end
  local detail = type(part.image_url) == "table" and value.typed(part.image_url, "detail", "string") or nil
  return { type = "image_url", image_url = { url = url, detail = detail } }
end

local function text_part(part)
  return { type = "text", text = part.text }
end

local PARTS = { text = text_part, image_url = image_part }

local function text_of(parts)
  local list = {}
  for i, part in ipairs(parts) do
    if part.type ~= "text" then return nil, unsupported(part) end
    list[i] = part.text
  end
  return table.concat(list)
end

local function has_only_text(parts)
  for _, part in ipairs(parts) do
    if part.type ~= "text" then return false end
  end
  return true
end

--- Text as one string; with images among it, as a list of parts.
local function content_of(parts)
  if has_only_text(parts) then return text_of(parts) end
  local list = json.array {}
  for i, part in ipairs(parts) do
    local make = PARTS[part.type]
    if not make then return nil, unsupported(part) end
    local made, problem = make(part)
    if not made then return nil, problem end
    list[i] = made
  end
  return list
end

--- Arguments go as text; what is none becomes an empty object.
local function arguments_of(call)
  local raw, problem = messages.arguments(call)
  if not raw then return nil, problem end
  return json.encode(raw)
end

local function calls_of(turn)
  local list = json.array {}
  for i, call in ipairs(turn.calls) do
    local arguments, problem = arguments_of(call)
    if not arguments then return nil, problem end
    list[i] = { id = call.id, type = "function", ["function"] = { name = call.name, arguments = arguments } }
  end
  return list
end

--- Reasoning of the history is left out: only what Cohere said itself may be sent back, and nothing marks it.
local function assistant(turn)
  local text, problem = text_of(turn.parts)
  if not text then return nil, problem end
  if not turn.calls then
    if text == "" then return false end
    return { role = "assistant", content = text }
  end
  local calls, bad_call = calls_of(turn)
  if not calls then return nil, bad_call end
  return { role = "assistant", tool_plan = text ~= "" and text or nil, tool_calls = calls }
end

local function plain(turn)
  local content, problem = content_of(turn.parts)
  if not content then return nil, problem end
  return { role = turn.role, content = content }
end

local function add_results(list, calls)
  for _, call in ipairs(calls or {}) do
    local text, problem = text_of(call.result.parts)
    if not text then return problem end
    list[#list + 1] = { role = "tool", tool_call_id = call.id, content = text }
  end
  return nil
end

local function add_turn(list, turn)
  local problem = add_results(list, turn.answers)
  if problem then return problem end
  if turn.answers and #turn.parts == 0 then return nil end
  local made, bad = (turn.role == "assistant" and assistant or plain)(turn)
  if made == nil then return bad end
  if made then list[#list + 1] = made end
  return nil
end

--- The whole conversation.
---@param given any the decoded `messages`
---@return table[]? list, Failure? failure
local function render(given)
  local turns, problem = messages.turns(given)
  if not turns then return nil, problem end
  local list = json.array {}
  for _, turn in ipairs(turns) do
    problem = add_turn(list, turn)
    if problem then return nil, problem end
  end
  if #list == 0 then return nil, failure.request("at least one message must have content", "messages") end
  return list
end

return { render = render }
