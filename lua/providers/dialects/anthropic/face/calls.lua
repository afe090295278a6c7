-- SPDX-License-Identifier: Apache-2.0
--- The calls of one streamed answer. Vendors send the fragments of several calls at once, Anthropic's blocks come one
--- after the other: the open call's fragments go out, those of the others wait until its arguments are whole.

local json = require "gateway.json"

local events = require "providers.dialects.anthropic.face.events"
local stop = require "providers.dialects.anthropic.face.stop"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

local QUOTE = ('"'):byte()

---@class FaceCalls
---@field writer EventWriter
---@field spelling Spelling
---@field list StreamedCall[] in the order they began
---@field by_index table<integer, StreamedCall> the latest with this index
---@field open StreamedCall?
---@field count integer

---@class StreamedCall
---@field id string? the vendor's
---@field name string?
---@field signature string? Google's, which goes before it
---@field waiting string[] fragments that have not gone out
---@field started boolean
---@field closed boolean
---@field empty boolean no argument has come
---@field depth integer brackets that are open
---@field quoted boolean inside of a string
---@field skip boolean the next byte is escaped

---@param writer EventWriter
---@return FaceCalls
local function new(writer)
  return { writer = writer, spelling = stop.call_ids(), list = {}, by_index = {}, count = 0 }
end

-- Whether arguments are whole ----------------------------------------------------------------------------------------

--- Where the string that `at` is in ends; nil when the fragment ends first.
local function string_end(call, text, at)
  while true do
    at = text:find('["\\]', at)
    if not at then return nil end
    if text:byte(at) == QUOTE then return at end
    if at == #text then
      call.skip = true
      return nil
    end
    at = at + 2
  end
end

local function leave_string(call, text, at)
  local last = string_end(call, text, at)
  if not last then return nil end
  call.quoted = false
  return last + 1
end

--- Reads a fragment: how many brackets are open after it.
local function measure(call, text)
  local at = call.skip and 2 or 1
  call.skip = false
  while at and at <= #text do
    if call.quoted then
      at = leave_string(call, text, at)
    else
      at = text:find('["{}%[%]]', at)
      local byte = at and text:sub(at, at)
      if byte == '"' then
        call.quoted = true
      elseif byte then
        call.depth = call.depth + ((byte == "{" or byte == "[") and 1 or -1)
      end
      at = at and at + 1
    end
  end
end

local function is_whole(call)
  return not call.empty and call.depth <= 0 and not call.quoted
end

-- Blocks -------------------------------------------------------------------------------------------------------------

local function start(calls, call)
  if call.signature then events.foreign(calls.writer, call.signature) end
  events.start(calls.writer, "call", {
    type = "tool_use", id = stop.call_id(calls.spelling, call.id), name = call.name or "", input = {},
  })
  call.started, calls.open = true, call
  for _, text in ipairs(call.waiting) do events.delta(calls.writer, text) end
  call.waiting = {}
end

local function close(calls)
  local call = calls.open
  if not call then return end
  if call.empty then events.delta(calls.writer, "{}") end
  call.closed, calls.open = true, nil
  events.close(calls.writer)
end

--- Ends the open call if its arguments are whole.
---@param calls FaceCalls
---@return boolean free no call is open any more
local function leave(calls)
  if calls.open and not is_whole(calls.open) then return false end
  close(calls)
  return true
end

--- Begins the calls whose turn it is, up to the first that must wait: for the open one, or for its own name.
local function advance(calls)
  for _, call in ipairs(calls.list) do
    if not call.started then
      if not call.name or not leave(calls) then return end
      start(calls, call)
    end
  end
end

-- Fragments ----------------------------------------------------------------------------------------------------------

local function begin(calls, index)
  local call = { waiting = {}, started = false, closed = false, empty = true, depth = 0, quoted = false, skip = false }
  calls.list[#calls.list + 1], calls.by_index[index] = call, call
  calls.count = calls.count + 1
  return call
end

--- The call that a fragment belongs to: a new id is a new call, whatever its index.
local function call_of(calls, fragment, position)
  local index = typed(fragment, "index", "number") or position - 1
  local id = typed(fragment, "id", "string")
  if id == "" then id = nil end
  local call = calls.by_index[index]
  if not call or id and call.id and call.id ~= id then call = begin(calls, index) end
  call.id = call.id or id
  return call
end

--- The fragment of arguments: text, though some vendors send the object itself.
local function arguments_of(spec)
  local found = member(spec, "arguments")
  if type(found) == "table" then return json.encode(found) end
  return type(found) == "string" and found or ""
end

local function name_of(spec)
  local name = typed(spec, "name", "string")
  return name ~= "" and name or nil
end

local function add_arguments(calls, call, text)
  if text == "" or call.closed then return end
  call.empty = call.empty and value.blank(text)
  measure(call, text)
  if calls.open == call then
    events.delta(calls.writer, text)
  else
    call.waiting[#call.waiting + 1] = text
  end
end

local function signature_of(fragment)
  local google = typed(typed(fragment, "extra_content", "table"), "google", "table")
  return typed(google, "thought_signature", "string")
end

--- The `tool_calls` of one delta.
---@param calls FaceCalls
---@param list table[]
local function add(calls, list)
  for position, fragment in ipairs(list) do
    local spec = typed(fragment, "function", "table")
    local call = call_of(calls, fragment, position)
    call.name = call.name or name_of(spec)
    call.signature = call.signature or signature_of(fragment)
    advance(calls)
    add_arguments(calls, call, arguments_of(spec))
  end
  advance(calls)
end

--- No more comes: what waits goes out, in order.
---@param calls FaceCalls
local function finish(calls)
  for _, call in ipairs(calls.list) do
    if not call.started then
      close(calls)
      start(calls, call)
    end
  end
  close(calls)
end

return { new = new, add = add, leave = leave, finish = finish }
