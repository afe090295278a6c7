-- SPDX-License-Identifier: Apache-2.0
--- Tool calls of a stream. Several may be spelled at once, each under its own place of the output.

local events = require "providers.dialects.openai_responses.events"
local json = require "gateway.json"
local output = require "providers.dialects.openai_responses.output"
local speech = require "providers.dialects.openai_responses.speech"
local value = require "providers.dialects.neutral.value"

local typed = value.typed

---@class SpokenCall
---@field index integer? its place in the output, once its name is known
---@field id string?
---@field name string?
---@field custom boolean? the server's own custom tool
---@field text boolean? its arguments go out as they come: a custom tool of ours has them wrapped
---@field pieces string[]
---@field channel table?
---@field extra table?

--- A call that begins: what it is shows when its name is known.
---@return SpokenCall
local function new()
  return { pieces = {} }
end

local function facts(call, arguments)
  return { id = call.id, name = call.name, arguments = arguments, custom = call.custom, extra = call.extra }
end

--- Notes what a fragment says of the call itself.
---@param call SpokenCall
---@param fragment table
---@return string arguments what it adds to them
local function learn(call, fragment)
  local said, custom = typed(fragment, "function", "table"), typed(fragment, "custom", "table")
  call.id = call.id or typed(fragment, "id", "string")
  call.name = call.name or typed(said or custom, "name", "string")
  call.custom = call.custom or custom and true
  call.extra = call.extra or typed(fragment, "extra_content", "table")
  return typed(said, "arguments", "string") or typed(custom, "input", "string") or ""
end

--- Begins the call's item.
---@param writer EventWriter
---@param make ItemMaker
---@param call SpokenCall its name is known
---@param index integer its place in the output
---@return string bytes
local function open(writer, make, call, index)
  if not call.id or call.id == "" then call.id = "call_" .. make.response_id:sub(-20) .. index end
  call.index = index
  local item = output.called(make, index, facts(call, ""), "in_progress")
  call.text = item.type == "function_call" or call.custom == true
  local delta = item.type == "function_call" and "response.function_call_arguments" or "response.custom_tool_call_input"
  call.where = speech.place { id = item.id, index = index }
  call.done, call.channel = delta .. ".done", events.channel(delta .. ".delta", call.where)
  return speech.item_event(writer, index, item, "added")
end

--- More of the arguments.
---@param writer EventWriter
---@param call SpokenCall
---@param text string
---@return string bytes
local function add(writer, call, text)
  if text == "" then return "" end
  call.pieces[#call.pieces + 1] = text
  if not call.channel or not call.text then return "" end
  return events.delta(writer, call.channel, text)
end

--- What came before the name was known.
---@param writer EventWriter
---@param call SpokenCall
---@return string bytes
local function catch_up(writer, call)
  local text = table.concat(call.pieces)
  if text == "" or not call.text then return "" end
  return events.delta(writer, call.channel, text)
end

--- Ends the call. Without arguments it has an empty object of them.
---@param writer EventWriter
---@param make ItemMaker
---@param call SpokenCall
---@param status string
---@return string bytes, table made
local function close(writer, make, call, status)
  local before = ""
  if #call.pieces == 0 and not call.custom then before = add(writer, call, "{}") end
  local item = output.called(make, call.index, facts(call, table.concat(call.pieces)), status)
  if not call.text then before = events.delta(writer, call.channel, item.input) end
  local whole
  if item.arguments then
    whole = ('"name":%s,"arguments":%s'):format(json.encode(call.name), json.encode(item.arguments))
  else
    whole = '"input":' .. json.encode(item.input)
  end
  return before .. events.event(writer, call.done, call.where .. "," .. whole)
    .. speech.item_event(writer, call.index, item, "done"), item
end

return { new = new, learn = learn, open = open, add = add, catch_up = catch_up, close = close }
