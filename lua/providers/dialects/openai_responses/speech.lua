-- SPDX-License-Identifier: Apache-2.0
--- Items of a stream that are spelled piece by piece: messages and reasoning. Each function returns the bytes of the
--- events it causes.

local events = require "providers.dialects.openai_responses.events"
local json = require "gateway.json"
local output = require "providers.dialects.openai_responses.output"

---@class SpokenItem
---@field kind "message"|"reasoning"
---@field id string
---@field index integer its place in the output
---@field parts table[] the parts that are complete
---@field part SpokenPart? the one being spelled
---@field blocks table[] of reasoning: another vendor's signed blocks

---@class SpokenPart
---@field kind string
---@field where string JSON text of where it stands
---@field pieces string[]
---@field channel table
---@field notes table[] annotations
---@field probabilities table[]

local event = events.event

local function place(item)
  return ('"item_id":%s,"output_index":%d'):format(json.encode(item.id), item.index)
end

---@param writer EventWriter
---@param index integer
---@param item table as it stands
---@param name "added"|"done"
---@return string
local function item_event(writer, index, item, name)
  return event(writer, "response.output_item." .. name,
    ('"output_index":%d,"item":%s'):format(index, json.encode(item)))
end

-- Parts --------------------------------------------------------------------------------------------------------------

-- How each kind of part begins and ends: the events around it, the name of its text in them, its place.
local KINDS = {
  text = {
    delta = "response.output_text", field = "text", at = "content_index", around = "response.content_part",
    make = function(part, text) return output.text_part(text, part.notes, part.probabilities) end,
  },
  refusal = {
    delta = "response.refusal", field = "refusal", at = "content_index", around = "response.content_part",
    make = function(_, text) return output.refusal_part(text) end,
  },
  reasoning = {
    delta = "response.reasoning_text", field = "text", at = "content_index", around = "response.content_part",
    make = function(_, text) return { type = "reasoning_text", text = text } end,
  },
  summary = {
    delta = "response.reasoning_summary_text", field = "text", at = "summary_index",
    around = "response.reasoning_summary_part",
    make = function(_, text) return { type = "summary_text", text = text } end,
  },
}

local function around(writer, part, text, name)
  local kind = KINDS[part.kind]
  return event(writer, kind.around .. "." .. name, part.where .. ',"part":' .. json.encode(kind.make(part, text)))
end

--- Begins a part of an item.
---@param writer EventWriter
---@param item SpokenItem
---@param name "text"|"refusal"|"reasoning"|"summary"
---@return string bytes
local function open_part(writer, item, name)
  local kind = KINDS[name]
  local where = ('%s,"%s":%d'):format(place(item), kind.at, #item.parts)
  local part = {
    kind = name, where = where, pieces = {}, notes = json.array {}, probabilities = json.array {},
    channel = events.channel(kind.delta .. ".delta", where),
  }
  item.part = part
  return around(writer, part, "", "added")
end

--- Ends the part that is being spelled, if there is one.
---@param writer EventWriter
---@param item SpokenItem
---@return string bytes
local function close_part(writer, item)
  local part = item.part
  if not part then return "" end
  local kind, text = KINDS[part.kind], table.concat(part.pieces)
  item.part, item.parts[#item.parts + 1] = nil, kind.make(part, text)
  local logprobs = part.kind == "text" and ',"logprobs":' .. json.encode(part.probabilities) or ""
  return event(writer, kind.delta .. ".done",
      ('%s,"%s":%s%s'):format(part.where, kind.field, json.encode(text), logprobs))
    .. around(writer, part, text, "done")
end

--- A piece of text, in a part of its kind.
---@param writer EventWriter
---@param item SpokenItem
---@param name "text"|"refusal"|"reasoning"|"summary"
---@param text string
---@param probabilities table[]? of its tokens
---@return string bytes
local function say(writer, item, name, text, probabilities)
  local before = ""
  if not item.part or item.part.kind ~= name then
    before = close_part(writer, item) .. open_part(writer, item, name)
  end
  local part, more = item.part, nil
  part.pieces[#part.pieces + 1] = text
  if name == "text" then
    more = ',"logprobs":[]'
    if probabilities and probabilities[1] then
      for _, entry in ipairs(probabilities) do part.probabilities[#part.probabilities + 1] = entry end
      more = ',"logprobs":' .. json.encode(probabilities)
    end
  end
  return before .. events.delta(writer, part.channel, text, more)
end

--- Annotations of the text that is being spelled.
---@param writer EventWriter
---@param item SpokenItem
---@param notes table[]
---@return string bytes
local function annotate(writer, item, notes)
  local made, part = {}, item.part
  if not part or part.kind ~= "text" then
    made[1] = close_part(writer, item) .. open_part(writer, item, "text")
    part = item.part
  end
  for _, note in ipairs(notes) do
    made[#made + 1] = event(writer, "response.output_text.annotation.added",
      ('%s,"annotation_index":%d,"annotation":%s'):format(part.where, #part.notes, json.encode(note)))
    part.notes[#part.notes + 1] = note
  end
  return table.concat(made)
end

-- Items --------------------------------------------------------------------------------------------------------------

--- Begins an item.
---@param writer EventWriter
---@param make ItemMaker
---@param kind "message"|"reasoning"
---@param index integer
---@return SpokenItem item, string bytes
local function open(writer, make, kind, index)
  local made
  if kind == "message" then
    made = output.message(make, index, {}, "in_progress")
  else
    made = output.reasoning(make, index, "")
  end
  return { kind = kind, id = made.id, index = index, parts = {}, blocks = {} }, item_event(writer, index, made, "added")
end

local function whole_reasoning(make, item)
  local texts = {}
  for i, part in ipairs(item.parts) do texts[i] = part.text end
  return output.reasoning(make, item.index, table.concat(texts), item.blocks)
end

--- Ends an item.
---@param writer EventWriter
---@param make ItemMaker
---@param item SpokenItem
---@param status string
---@return string bytes, table made, table? kept the item as it is to be kept, when that differs
local function close(writer, make, item, status)
  local bytes = close_part(writer, item)
  local made, kept
  if item.kind == "message" then
    made = output.message(make, item.index, item.parts, status)
  else
    made, kept = whole_reasoning(make, item)
  end
  return bytes .. item_event(writer, item.index, made, "done"), made, kept
end

return { open = open, close = close, say = say, annotate = annotate, item_event = item_event, place = place }
