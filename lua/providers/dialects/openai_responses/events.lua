-- SPDX-License-Identifier: Apache-2.0
--- Events of a Responses stream as bytes: each has its name twice and the next number.

local json = require "gateway.json"

---@class EventWriter
---@field number integer the next event's

---@return EventWriter
local function new()
  return { number = 0 }
end

--- One event.
---@param writer EventWriter
---@param name string
---@param fields string JSON text of its further members, without braces
---@return string bytes
local function event(writer, name, fields)
  local number = writer.number
  writer.number = number + 1
  return ('event: %s\ndata: {"type":"%s","sequence_number":%d,'):format(name, name, number) .. fields .. "}\n\n"
end

--- Where a delta belongs, written once for all deltas of a text.
---@param name string the event's
---@param where string JSON text: item_id, output_index and what is below
---@return table
local function channel(name, where)
  return { head = ('event: %s\ndata: {"type":"%s",%s,"sequence_number":'):format(name, name, where) }
end

--- A delta of a channel.
---@param writer EventWriter
---@param to table
---@param text string
---@param more string? JSON text of further members, with a comma before them
---@return string bytes
local function delta(writer, to, text, more)
  local number = writer.number
  writer.number = number + 1
  return to.head .. number .. ',"delta":' .. json.encode(text) .. (more or "") .. "}\n\n"
end

return { new = new, event = event, channel = channel, delta = delta }
