-- SPDX-License-Identifier: Apache-2.0
--- The OpenAPI schemas of Gemini's clients as JSON Schema: types in small letters, nullable as one more type. Text in,
--- text out, in its own order.

local json = require "gateway.json"
local ordered = require "providers.dialects.neutral.ordered"

local DEEPEST = 64

local DROPPED = {
  nullable = true, propertyOrdering = true, property_ordering = true, example = true,
}
local RENAMED = {
  any_of = "anyOf", min_items = "minItems", max_items = "maxItems", min_properties = "minProperties",
  max_properties = "maxProperties", min_length = "minLength", max_length = "maxLength",
}
-- Whole numbers that Google writes as text.
local COUNTS = {
  minItems = true, maxItems = true, minProperties = true, maxProperties = true, minLength = true, maxLength = true,
}

local convert

local function map(text, depth)
  if not ordered.is_object(text) then return text end
  local list = ordered.members(text)
  for _, entry in ipairs(list) do
    entry.value = convert(entry.value, depth)
  end
  return ordered.object(list)
end

local function list_of(text, depth)
  if not ordered.is_array(text) then return text end
  local items = ordered.items(text)
  for i, item in ipairs(items) do
    items[i] = convert(item, depth)
  end
  return ordered.array(items)
end

local function counted(text)
  return text:match '^"(%d+)"$' or text
end

local INNER = { properties = map, items = function(text, depth) return convert(text, depth) end, anyOf = list_of }

local function kept(list, depth)
  local result = {}
  for _, entry in ipairs(list) do
    local key = RENAMED[entry.key] or entry.key
    local text = entry.value
    if INNER[key] then text = INNER[key](text, depth) end
    if key == "type" then text = text:lower() end
    if COUNTS[key] then text = counted(text) end
    local is_enum = key == "format" and text == '"enum"'
    if not DROPPED[key] and not is_enum and text ~= '"type_unspecified"' then
      result[#result + 1] = { key = key, value = text }
    end
  end
  return result
end

--- A value that may be missing: one more type, and one more choice.
local function allow_null(list)
  local kind, choices, any = ordered.find(list, "type"), ordered.find(list, "enum"), ordered.find(list, "anyOf")
  if kind and not ordered.is_array(kind.value) then kind.value = "[" .. kind.value .. ',"null"]' end
  if any and ordered.is_array(any.value) then
    any.value = any.value:gsub("%]%s*$", (any.value:find "^%[%s*%]" and "" or ",") .. '{"type":"null"}]')
  end
  if choices and ordered.is_array(choices.value) then
    local items = ordered.items(choices.value)
    items[#items + 1] = "null"
    choices.value = ordered.array(items)
  end
end

function convert(text, depth)
  if not ordered.is_object(text) or depth > DEEPEST then return text end
  local before = ordered.members(text)
  local nullable = ordered.find(before, "nullable")
  local list = kept(before, depth + 1)
  if nullable and nullable.value == "true" then allow_null(list) end
  return ordered.object(list)
end

--- A raw schema of either kind as raw JSON Schema.
---@param raw any what json.decode kept raw
---@return userdata?
local function json_schema(raw)
  local text = raw ~= nil and json.encode(raw)
  return text and json.raw(convert(text, 0)) or nil
end

return { json_schema = json_schema }
