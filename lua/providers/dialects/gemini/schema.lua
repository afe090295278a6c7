-- SPDX-License-Identifier: Apache-2.0
--- JSON Schema as the subset of OpenAPI's that `parameters` and `responseSchema` read. Text in, text out; properties
--- keep their order, and are told it in so many words.

local json = require "gateway.json"
local ordered = require "providers.dialects.neutral.ordered"

-- References are followed so deep, and so many schemas are written; a schema that holds itself ends there as "any
-- object".
local DEEPEST, MOST = 12, 2000
local ANY = '{"type":"OBJECT"}'

local KEPT = {
  type = true, format = true, title = true, description = true, nullable = true, enum = true, items = true,
  properties = true, required = true, minItems = true, maxItems = true, minProperties = true, maxProperties = true,
  minLength = true, maxLength = true, pattern = true, minimum = true, maximum = true, example = true, default = true,
  anyOf = true, propertyOrdering = true,
}
local FORMATS = {
  ['"enum"'] = true, ['"date-time"'] = true, ['"float"'] = true, ['"double"'] = true, ['"int32"'] = true,
  ['"int64"'] = true,
}

---@class SchemaScene
---@field roots table<string, string> definitions by name
---@field depth integer
---@field budget { left: integer } shared by the whole schema

local convert

local function below(scene)
  return { roots = scene.roots, depth = scene.depth + 1, budget = scene.budget }
end

local function put(list, key, text)
  local entry = ordered.find(list, key)
  if entry then
    entry.value = text
  else
    list[#list + 1] = { key = key, value = text }
  end
end

local function take(list, key)
  local entry, at = ordered.find(list, key)
  if entry then table.remove(list, at) end
  return entry and entry.value
end

--- What "#/$defs/name" stands for.
local function definition(reference, roots)
  local name = json.decode(reference)
  name = type(name) == "string" and (name:match "^#/%$defs/(.+)$" or name:match "^#/definitions/(.+)$")
  return name and roots[name]
end

--- Definitions of this schema, beside those from outside it.
local function with_definitions(list, roots)
  local more = roots
  for _, key in ipairs { "$defs", "definitions" } do
    local text = take(list, key)
    if text and ordered.is_object(text) then
      more = setmetatable({}, { __index = more })
      for _, entry in ipairs(ordered.members(text)) do
        more[entry.key] = entry.value
      end
    end
  end
  return more
end

--- Members of the schema that a reference or the only `allOf` names, behind those that stand beside it.
local function absorb(list, text)
  if not text or not ordered.is_object(text) then return end
  for _, entry in ipairs(ordered.members(text)) do
    if not ordered.find(list, entry.key) then list[#list + 1] = entry end
  end
end

local function absorb_all(list, text)
  for _, item in ipairs(ordered.is_array(text) and ordered.items(text) or {}) do
    absorb(list, item)
  end
end

--- What is named may be a reference itself.
local function resolve(list, scene)
  for _ = 1, DEEPEST do
    local reference, all = take(list, "$ref"), take(list, "allOf")
    if not reference and not all then return end
    if reference then absorb(list, scene.depth < DEEPEST and definition(reference, scene.roots) or ANY) end
    if all then absorb_all(list, all) end
  end
end

local function type_name(text)
  return text:upper()
end

--- Several types: null makes it nullable, more than one other becomes a choice.
local function fit_type(list)
  local entry = ordered.find(list, "type")
  if not entry then return end
  if not ordered.is_array(entry.value) then
    entry.value = type_name(entry.value)
    return
  end
  local names = {}
  for _, name in ipairs(ordered.items(entry.value)) do
    if name:lower() == '"null"' then
      put(list, "nullable", "true")
    else
      names[#names + 1] = type_name(name)
    end
  end
  if #names == 1 then
    entry.value = names[1]
    return
  end
  take(list, "type")
  for i, name in ipairs(names) do names[i] = '{"type":' .. name .. "}" end
  put(list, "anyOf", ordered.array(names))
end

--- Choices are strings there.
local function fit_enum(list)
  local const = take(list, "const")
  if const then put(list, "enum", "[" .. const .. "]") end
  local entry = ordered.find(list, "enum")
  if not entry or not ordered.is_array(entry.value) then return end
  local kept = {}
  for _, item in ipairs(ordered.items(entry.value)) do
    if item == "null" then
      put(list, "nullable", "true")
    elseif item ~= '""' then
      kept[#kept + 1] = item:sub(1, 1) == '"' and item or json.encode(item)
    end
  end
  if #kept == 0 then
    take(list, "enum")
    return
  end
  entry.value = ordered.array(kept)
  put(list, "type", '"STRING"')
  put(list, "format", '"enum"')
end

local function fit_choice(list, scene)
  local one = take(list, "oneOf")
  if one and not ordered.find(list, "anyOf") then put(list, "anyOf", one) end
  local entry = ordered.find(list, "anyOf")
  if not entry or not ordered.is_array(entry.value) then return end
  local kept = {}
  for _, item in ipairs(ordered.items(entry.value)) do
    if item:find '^%s*{%s*"type"%s*:%s*"null"%s*}%s*$' then
      put(list, "nullable", "true")
    else
      kept[#kept + 1] = convert(item, scene)
    end
  end
  if #kept == 1 then
    take(list, "anyOf")
    absorb(list, kept[1])
  else
    entry.value = ordered.array(kept)
  end
end

local function fit_properties(list, scene)
  local entry = ordered.find(list, "properties")
  if not entry or not ordered.is_object(entry.value) then return end
  local members, names = ordered.members(entry.value), {}
  for i, property in ipairs(members) do
    property.value = convert(property.value, scene)
    names[i] = '"' .. property.key .. '"'
  end
  entry.value = ordered.object(members)
  if #names > 1 and not ordered.find(list, "propertyOrdering") then
    put(list, "propertyOrdering", ordered.array(names))
  end
end

local function fit_items(list, scene)
  local entry = ordered.find(list, "items")
  if not entry then return end
  local text = ordered.is_array(entry.value) and ordered.items(entry.value)[1] or entry.value
  entry.value = text and ordered.is_object(text) and convert(text, scene) or ANY
end

local function is_kept(entry)
  if entry.key == "format" then return FORMATS[entry.value] end
  return KEPT[entry.key]
end

local function prune(list)
  local kept = {}
  for _, entry in ipairs(list) do
    if is_kept(entry) then kept[#kept + 1] = entry end
  end
  return kept
end

function convert(text, scene)
  scene.budget.left = scene.budget.left - 1
  if not ordered.is_object(text) or scene.depth > DEEPEST or scene.budget.left < 0 then return ANY end
  local list = ordered.members(text)
  local inner = below(scene)
  inner.roots = with_definitions(list, scene.roots)
  resolve(list, inner)
  fit_type(list)
  fit_enum(list)
  fit_choice(list, inner)
  fit_properties(list, inner)
  fit_items(list, inner)
  return ordered.object(prune(list))
end

--- The subset of OpenAPI's schema that says what `text` says, as far as it can.
---@param text string JSON Schema of an object
---@return string
local function openapi(text)
  return convert(text, { roots = {}, depth = 0, budget = { left = MOST } })
end

return { openapi = openapi }
