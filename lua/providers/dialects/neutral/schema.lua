-- SPDX-License-Identifier: Apache-2.0
--- JSON Schemas as tools and response formats carry them, made fit for vendors. Text in, text out: the order of
--- properties is part of what the author said.

local json = require "gateway.json"
local ordered = require "providers.dialects.neutral.ordered"

local EMPTY = '{"type":"object","properties":{}}'

-- Where a schema holds further schemas.
local ONE = {
  items = true, additionalProperties = true, ["not"] = true, ["if"] = true, ["then"] = true, ["else"] = true,
  contains = true, propertyNames = true, unevaluatedItems = true, unevaluatedProperties = true,
}
local LIST = { anyOf = true, oneOf = true, allOf = true, prefixItems = true, items = true }
local MAP = {
  properties = true, patternProperties = true, dependentSchemas = true, ["$defs"] = true, definitions = true,
}

-- What strict decoding knows no rule for: it goes into the description, so that the model at least reads it.
local TOLD = {
  minimum = true, maximum = true, exclusiveMinimum = true, exclusiveMaximum = true, multipleOf = true,
  minLength = true, maxLength = true, pattern = true, maxItems = true, uniqueItems = true,
  minProperties = true, maxProperties = true, minContains = true, maxContains = true,
}
local FORMATS = {
  ["date-time"] = true, time = true, date = true, duration = true, email = true, hostname = true, uri = true,
  ipv4 = true, ipv6 = true, uuid = true,
}

local rewrite

local function rewrite_list(text, visit)
  local list = ordered.items(text)
  for i, item in ipairs(list) do
    list[i] = rewrite(item, visit)
  end
  return ordered.array(list)
end

local function rewrite_map(text, visit)
  local list = ordered.members(text)
  for _, entry in ipairs(list) do
    entry.value = rewrite(entry.value, visit)
  end
  return ordered.object(list)
end

local function rewrite_member(entry, visit)
  if LIST[entry.key] and ordered.is_array(entry.value) then
    entry.value = rewrite_list(entry.value, visit)
  elseif MAP[entry.key] and ordered.is_object(entry.value) then
    entry.value = rewrite_map(entry.value, visit)
  elseif ONE[entry.key] then
    entry.value = rewrite(entry.value, visit)
  end
end

--- `visit` edits the members of the schema and of every schema inside it. The depth is the validator's limit at most.
rewrite = function(text, visit)
  if not ordered.is_object(text) then return text end
  local list = ordered.members(text)
  visit(list)
  for _, entry in ipairs(list) do
    rewrite_member(entry, visit)
  end
  return ordered.object(list)
end

--- Vendors refuse an empty string among the choices, and a choice among nothing.
local function mend_enum(list)
  local entry, at = ordered.find(list, "enum")
  if not entry or not ordered.is_array(entry.value) then return end
  local kept = {}
  for _, item in ipairs(ordered.items(entry.value)) do
    if item ~= '""' then kept[#kept + 1] = item end
  end
  if #kept == 0 then
    table.remove(list, at)
  else
    entry.value = ordered.array(kept)
  end
end

local function has_odd_enum(text)
  return text:find('"enum"', 1, true) and (text:find('""', 1, true) or text:find("%[%s*%]"))
end

local function with_type(text)
  if text:find('^%s*{%s*"type"%s*:') then return text end
  local list = ordered.members(text)
  if ordered.find(list, "type") then return text end
  table.insert(list, 1, { key = "type", value = '"object"' })
  return ordered.object(list)
end

--- The schema of a tool's arguments: an object schema, whatever the client left out; else as written.
---@param text string? JSON text, nil when the client gave none
---@return string? schema nil when it is no object
local function for_tool(text)
  if not text or text == "null" then return EMPTY end
  if not ordered.is_object(text) then return nil end
  if has_odd_enum(text) then text = rewrite(text, mend_enum) end
  if not text:find('"', 1, true) then return EMPTY end
  return with_type(text)
end

local function is_told(entry)
  if TOLD[entry.key] then return true end
  if entry.key == "minItems" then return entry.value ~= "0" and entry.value ~= "1" end
  if entry.key == "format" then return not FORMATS[entry.value:sub(2, -2)] end
  return false
end

local function describe(list, told)
  if #told == 0 then return end
  local note = "{" .. table.concat(told, ", ") .. "}"
  local entry = ordered.find(list, "description")
  local before = entry and json.decode(entry.value)
  ordered.set(list, "description", type(before) == "string" and before .. "\n\n" .. note or note)
end

--- Takes the members that strict decoding refuses out of `list`, in place.
local function tell(list)
  local told, kept = {}, {}
  for _, entry in ipairs(list) do
    if is_told(entry) then
      told[#told + 1] = entry.key .. ": " .. entry.value
    elseif entry.key ~= "$schema" then
      kept[#kept + 1] = entry
    end
  end
  for i = #list, 1, -1 do
    list[i] = kept[i]
  end
  describe(list, told)
end

local function is_object_schema(list)
  local kind = ordered.find(list, "type")
  if kind then return kind.value:find('"object"', 1, true) ~= nil end
  return ordered.find(list, "properties") ~= nil
end

local function make_strict(list)
  tell(list)
  local one_of = ordered.find(list, "oneOf")
  if one_of and not ordered.find(list, "anyOf") then one_of.key = "anyOf" end
  if is_object_schema(list) then ordered.set(list, "additionalProperties", false) end
end

-- Clients send one schema with every call, and rewriting costs a millisecond: the last ones are remembered.
local REMEMBERED, LONGEST = 64, 32768
local made, count = {}, 0

local function remember(text, fit)
  if #text > LONGEST then return end
  if count == REMEMBERED then
    made, count = {}, 0
  end
  made[text], count = fit, count + 1
end

--- The schema for decoding under its constraint: objects closed, `oneOf` as `anyOf`, unknown rules told in words.
---@param text string? JSON text
---@return string? schema nil when it is no object
local function strict(text)
  local plain = for_tool(text)
  if not plain then return nil end
  local fit = made[plain]
  if not fit then
    fit = rewrite(plain, make_strict)
    remember(plain, fit)
  end
  return fit
end

return { for_tool = for_tool, strict = strict }
