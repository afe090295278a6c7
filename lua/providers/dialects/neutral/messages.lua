-- SPDX-License-Identifier: Apache-2.0
--- A client's message list as one neutral list of turns, which every vendor's step then renders: contents as lists of
--- parts, calls next to their results, legacy function messages as tool messages.

local json = require "gateway.json"

local failure = require "providers.dialects.neutral.failure"
local mended = require "providers.dialects.neutral.mended"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

---@class Call one tool call of an assistant turn
---@field id string as the client wrote it
---@field name string
---@field arguments string JSON text as the client wrote it, maybe empty
---@field signature string? Google's signature of the thought that led to it
---@field result Result?

---@class Result
---@field parts table[] content parts
---@field cache_control table?
---@field failed boolean? the tool said that it failed (`is_error`, which clients of Anthropic's have)

---@class Turn
---@field role "system"|"user"|"assistant"
---@field parts table[] content parts in OpenAI's shape, none of them empty text
---@field calls Call[]? of an assistant turn
---@field answers Call[]? of a user turn: the calls whose results it carries, in the order of the calls
---@field thinking table[]? of an assistant turn: a vendor's signed blocks
---@field reasoning string? of an assistant turn: readable reasoning, for vendors that take it back
---@field signature string? of an assistant turn: Google's signature of its last text
---@field cache_control table? of the whole message

local ROLES = {
  system = "system", developer = "system", user = "user", assistant = "assistant", tool = "tool", ["function"] = "tool",
}

--- The place of a message, or of one item of a list in it, as clients count.
local function where(index, list, at)
  local message = ("messages[%d]"):format(index - 1)
  return list and ("%s.%s[%d]"):format(message, list, at - 1) or message
end

--- A part as the vendors' steps expect it; nil when it says nothing.
local function part_of(part)
  local kind = typed(part, "type", "string")
  if kind ~= "text" and kind ~= "refusal" then return part end
  local text = value.text(part[kind])
  if not text or value.blank(text) then return nil end
  if kind == "text" then return part end
  return { type = "text", text = text, cache_control = member(part, "cache_control") }
end

local function parts_of_list(list, index)
  local parts = {}
  for at, part in ipairs(list) do
    if type(part) ~= "table" or not typed(part, "type", "string") then
      return nil, failure.request("a content part must be an object with a type", where(index, "content", at))
    end
    parts[#parts + 1] = part_of(part)
  end
  return parts
end

--- The content of a message as a list of parts. Text that is empty or blank is left out: the vendors refuse it.
local function parts_of(message, index)
  local content = member(message, "content")
  if content == nil then return {} end
  if value.text(content) then
    return { part_of { type = "text", text = content } }
  end
  if type(content) ~= "table" then
    return nil, failure.request("content must be a string or a list of parts", where(index) .. ".content")
  end
  return parts_of_list(content, index)
end

--- Google's signature where its own OpenAI endpoint puts it, or where other gateways do.
local function signature_of(holder)
  local google = typed(typed(holder, "extra_content", "table"), "google", "table")
  return typed(google, "thought_signature", "string")
    or typed(typed(holder, "provider_specific_fields", "table"), "thought_signature", "string")
end

local function call_of(entry)
  local spec = typed(entry, "function", "table")
  local name = spec and typed(spec, "name", "string")
  local id = typed(entry, "id", "string")
  if not name or not id then return nil end
  return {
    id = id, name = name, arguments = typed(spec, "arguments", "string") or "", signature = signature_of(entry),
  }
end

--- The one call of the old API. It has no id; its name is what the answer names.
local function legacy_call(message)
  local spec = typed(message, "function_call", "table")
  local name = spec and typed(spec, "name", "string")
  if not name then return nil end
  return { { id = name, name = name, arguments = typed(spec, "arguments", "string") or "" } }
end

local function calls_of(message, index)
  local list = typed(message, "tool_calls", "table")
  if not list or not list[1] then return legacy_call(message) end
  local calls = {}
  for at, entry in ipairs(list) do
    calls[at] = call_of(entry)
    if not calls[at] then
      return nil, failure.request("a tool call must have an id and a function with a name",
        where(index, "tool_calls", at))
    end
  end
  return calls
end

--- State of one walk: the turns so far, the calls that wait for results, and system turns held back until those came
--- (a vendor wants results directly behind their calls).
local function new_walk()
  return { turns = {}, waiting = nil, held = {} }
end

local function push(walk, turn)
  walk.turns[#walk.turns + 1] = turn
end

local function unanswered(calls)
  for _, call in ipairs(calls) do
    if not call.result then return call.id end
  end
  return nil
end

--- Ends the wait for results: they become one user turn.
local function settle(walk)
  local calls = walk.waiting
  if not calls then return nil end
  local missing = unanswered(calls)
  if missing then
    return failure.request(("tool call %q has no result: a tool message must answer every call"):format(missing),
      "messages")
  end
  push(walk, { role = "user", parts = {}, answers = calls })
  walk.waiting = nil
  for _, turn in ipairs(walk.held) do
    push(walk, turn)
  end
  walk.held = {}
  return nil
end

local function take_system(walk, message, parts)
  local turn = { role = "system", parts = parts, cache_control = typed(message, "cache_control", "table") }
  if walk.waiting then
    walk.held[#walk.held + 1] = turn
  elseif #parts > 0 then
    push(walk, turn)
  end
  return nil
end

local function open_call(calls, id)
  for _, call in ipairs(calls or {}) do
    if call.id == id and not call.result then return call end
  end
  return nil
end

local function take_tool(walk, message, parts, index)
  local id = typed(message, "tool_call_id", "string") or typed(message, "name", "string") or ""
  local call = open_call(walk.waiting, id)
  if not call then
    return failure.request(("tool message %q answers no call of the assistant message before it"):format(id),
      where(index) .. ".tool_call_id")
  end
  call.result = {
    parts = parts, cache_control = typed(message, "cache_control", "table"), failed = message.is_error == true,
  }
  return nil
end

local function take_user(walk, message, parts)
  local problem = settle(walk)
  if problem then return problem end
  if #parts > 0 then
    push(walk, { role = "user", parts = parts, cache_control = typed(message, "cache_control", "table") })
  end
  return nil
end

--- A refusal of an earlier answer is what the assistant said.
local function with_refusal(message, parts)
  local refusal = typed(message, "refusal", "string")
  if refusal and not value.blank(refusal) then
    parts[#parts + 1] = { type = "text", text = refusal }
  end
  return parts
end

--- Both names that vendors give to it are read.
local function reasoning_of(message)
  return typed(message, "reasoning_content", "string") or typed(message, "reasoning", "string")
end

local function take_assistant(walk, message, parts, index)
  local problem = settle(walk)
  if problem then return problem end
  local calls, bad_call = calls_of(message, index)
  if bad_call then return bad_call end
  local thinking = typed(message, "thinking_blocks", "table")
  with_refusal(message, parts)
  if #parts == 0 and not calls and not (thinking and thinking[1]) then return nil end
  walk.waiting = calls
  push(walk, {
    role = "assistant", parts = parts, calls = calls, thinking = thinking, signature = signature_of(message),
    reasoning = reasoning_of(message), cache_control = typed(message, "cache_control", "table"),
  })
  return nil
end

local TAKE = { system = take_system, tool = take_tool, user = take_user, assistant = take_assistant }

local function take(walk, message, index)
  local role = ROLES[typed(message, "role", "string")]
  if not role then
    return failure.request("role must be one of system, developer, user, assistant, tool", where(index) .. ".role")
  end
  local parts, bad_content = parts_of(message, index)
  if bad_content then return bad_content end
  return TAKE[role](walk, message, parts, index)
end

--- The turns of a conversation, in order, neighbours of one role not yet joined.
---@param messages any the decoded `messages` member
---@return Turn[]? turns, Failure? failure
local function turns(messages)
  if type(messages) ~= "table" or not messages[1] then
    return nil, failure.request("at least one message is required", "messages")
  end
  local walk = new_walk()
  for index, message in ipairs(messages) do
    local problem = take(walk, message, index)
    if problem then return nil, problem end
  end
  local problem = settle(walk)
  if problem then return nil, problem end
  return walk.turns
end

local function append(list, more)
  for _, item in ipairs(more or {}) do
    list[#list + 1] = item
  end
end

--- A mark for a whole message belongs to its last part once messages are joined.
local function seal(turn)
  local mark, last = turn.cache_control, turn.parts[#turn.parts]
  if not mark or not last or turn.calls or last.cache_control then return end
  local sealed = {}
  for name, field in pairs(last) do
    sealed[name] = field
  end
  sealed.cache_control = mark
  turn.parts[#turn.parts], turn.cache_control = sealed, nil
end

--- Calls end their turn and results begin theirs, so only parts and thinking can meet.
local function join(previous, turn)
  append(previous.parts, turn.parts)
  previous.calls = turn.calls
  previous.cache_control = turn.cache_control
  if turn.thinking then
    previous.thinking = previous.thinking or {}
    append(previous.thinking, turn.thinking)
  end
end

--- Joins neighbours of one role, for vendors that want the roles to alternate.
---@param list Turn[]
---@return Turn[]
local function merged(list)
  local result = {}
  for _, turn in ipairs(list) do
    seal(turn)
    local previous = result[#result]
    if previous and previous.role == turn.role then
      join(previous, turn)
    else
      result[#result + 1] = turn
    end
  end
  return result
end

--- A call's arguments as a JSON object, unread: nothing becomes `{}`, what is no object is wrapped.
---@param call Call
---@return userdata? raw, Failure? failure they are no JSON
local function arguments(call)
  local text = call.arguments
  if value.blank(text) or text:find("^%s*null%s*$") then return json.raw("{}") end
  local raw = mended.raw(text)
  if not raw then
    return nil, failure.request(("the arguments of tool call %q are not JSON"):format(call.id), "messages")
  end
  if text:find("^%s*{") then return raw end
  return mended.raw('{"value":' .. text .. "}")
end

return { turns = turns, merged = merged, arguments = arguments }
