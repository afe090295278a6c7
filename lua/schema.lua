-- SPDX-License-Identifier: Apache-2.0
--- The schema language: what the configuration file and every plugin's `schema` table are written in.
---
---   { "integer", min =, max = }   { "number", ... }     { "boolean" }      { "string", one_of = {...} }
---   { "duration", min = "1s" }    -> milliseconds       { "bytes" }        32MiB or 33554432 -> bytes
---   { "array", of = schema }      { "map", of = schema }      { "record", fields = { name = schema } }
---   { "any" }                     free form, typed by the plain rules of YAML 1.2
---   { "node" }                    the node as it was read: whoever knows its schema checks it later
---   { "unsupported" }             a key of a later version: told, never ignored
---
--- Everywhere: `default`, `required`, `implied` (holds where nothing is written, but whoever reads the value can tell).
--- Scalars: `one_of`, `check = function(value, shown) -> message`, `says` (what a message begins with; %s in it is the
--- word that was read). Strings: `min`, `max` (bytes), `expand` (replaces ${NAME}), `secret` (never shown).
--- `expand` of a record holds for everything in it.
--- A string alone is a schema without attributes ("string"); a table without a type is a record's `fields`.

local nodes = require "node"
local rules = require "rules"
local scalar = require "scalar"
local suggest = require "suggest"

local schema = { ERRORS_MAX = 100 } -- a file that is wrong everywhere is told the first hundred places

---@class SchemaError
---@field line integer|nil
---@field column integer|nil
---@field path string       "targets[0].retry.attempts"
---@field message string

local ATTRIBUTE_NAMES = {
  "check", "default", "expand", "fields", "implied", "max", "min", "missing", "multiline", "of", "one_of", "optional",
  "required", "says", "scale", "secret", "setting", "word",
}
local ATTRIBUTES = {}
for _, name in ipairs(ATTRIBUTE_NAMES) do ATTRIBUTES[name] = true end

local check -- of any node; the containers below call it for their children

local function normal(spec)
  if type(spec) == "string" then return { spec } end
  if type(spec[1]) == "string" then return spec end
  return { "record", fields = spec }
end

local function sorted_keys(map)
  local keys = {}
  for key in pairs(map) do keys[#keys + 1] = key end
  table.sort(keys)
  return keys
end

-- Records are checked over and over; what follows from their fields alone is found out once.
local names_known, empty_known = setmetatable({}, { __mode = "k" }), setmetatable({}, { __mode = "k" })

--- The fields of a record that count when they are not written, in order.
local function names_missed(fields)
  local names = names_known[fields]
  if names then return names end
  names = {}
  for _, name in ipairs(sorted_keys(fields)) do
    local spec = normal(fields[name])
    local counts = spec.required or spec.default ~= nil or (spec[1] == "record" and not spec.optional)
    if counts then names[#names + 1] = name end
  end
  names_known[fields] = names
  return names
end

local function fail(run, node, path, message)
  if #run.errors == schema.ERRORS_MAX then return end
  run.errors[#run.errors + 1] = { line = node.line, column = node.column, path = path, message = message }
end

local function copy(value)
  if type(value) ~= "table" then return value end
  local twin = {}
  for key, item in pairs(value) do twin[key] = copy(item) end
  return twin
end

local function check_scalar(run, node, spec, path)
  local value, problem = rules.read(node, spec, run.variable, run.expands)
  if problem then fail(run, node, path, problem) end
  return value
end

-- Unknown keys -------------------------------------------------------------------------------------------------------

local function child_places(spec, path, found)
  for _, name in ipairs(sorted_keys(spec.fields or {})) do
    local field = normal(spec.fields[name])
    local at = nodes.join(path, name)
    found[#found + 1] = { name = name, path = at, spec = field }
  end
  if spec.of then
    found[#found + 1] = { name = "", path = path .. (spec[1] == "array" and "[]" or ".*"), spec = normal(spec.of) }
  end
end

--- Every key of the schema with its path, nearest to the root first. Fields that are found inside of themselves are
--- told once.
local function all_places(root)
  local found, at, seen = {}, 0, {}
  child_places(root, "", found)
  while at < #found do
    at = at + 1
    local fields = found[at].spec.fields
    if not fields or not seen[fields] then child_places(found[at].spec, found[at].path, found) end
    if fields then seen[fields] = true end
  end
  return found
end

--- Where a key that is unknown here would be known.
local function elsewhere(run, key)
  run.places = run.places or all_places(run.root)
  local places, names, paths = run.places, {}, {}
  for i, place in ipairs(places) do names[i] = place.name end
  local name = suggest.nearest(key, names)
  for _, place in ipairs(places) do
    if place.name == name and name ~= "" then paths[#paths + 1] = place.path end
  end
  return #paths > 0 and #paths <= 3 and table.concat(paths, " or ") or nil
end

local function supported(spec, names)
  local list = {}
  for _, name in ipairs(names) do
    if normal(spec.fields[name])[1] ~= "unsupported" then list[#list + 1] = name end
  end
  return table.concat(list, ", ")
end

local function unknown_key(run, spec, key)
  local names = sorted_keys(spec.fields)
  local message = "unknown key " .. scalar.quote(key)
  if suggest.nearest(key, names) then return message .. suggest.phrase(key, names) end
  local place = elsewhere(run, key)
  if place then return message .. " here; did you mean " .. place .. "?" end
  if #names == 0 then return message .. ": nothing can be written here" end
  return message .. "; valid keys: " .. supported(spec, names)
end

-- Containers ---------------------------------------------------------------------------------------------------------

--- What a record is when nothing of it is written.
local function absent_record(run, node, spec, path)
  local known, before = empty_known[spec.fields], #run.errors
  if known then return copy(known) end
  local value = check(run, nodes.empty_map(node), spec, path)
  if #run.errors == before and before < schema.ERRORS_MAX then empty_known[spec.fields] = copy(value) end
  return value
end

--- The value of a key that is not written. `node` is the map that lacks it, `parent` the map's path.
local function absent(run, node, spec, parent, name)
  if spec.required then
    local path = nodes.join(parent, name)
    fail(run, node, path, spec.missing or path:match("[^.]*$") .. " is required")
  elseif spec.default ~= nil then
    return copy(rules.amount(spec, spec.default))
  elseif spec[1] == "record" and not spec.optional then
    return absent_record(run, node, spec, nodes.join(parent, name))
  end
end

--- The value of a written key; false when it was refused, so that nobody takes it for absent.
local function check_member(run, node, spec, path)
  local before = #run.errors
  local value = check(run, node, spec, path)
  if value == nil and #run.errors > before then return false end
  return value
end

local function check_record(run, node, spec, path)
  if node.null then node = nodes.empty_map(node) end
  if not node.entries then return fail(run, node, path, "must be a map, got " .. scalar.shown(node)) end
  local value, written = {}, {}
  for _, entry in ipairs(node.entries) do
    local field, at = spec.fields[entry.key], nodes.join(path, entry.key)
    if field then
      value[entry.key] = check_member(run, entry.value, field, at)
      written[entry.key] = true
    elseif #run.errors < schema.ERRORS_MAX then
      fail(run, entry, at, unknown_key(run, spec, entry.key))
    end
  end
  for _, name in ipairs(names_missed(spec.fields)) do
    if not written[name] then value[name] = absent(run, node, normal(spec.fields[name]), path, name) end
  end
  return value
end

local function check_map(run, node, spec, path)
  if node.null then node = nodes.empty_map(node) end
  if not node.entries then return fail(run, node, path, "must be a map, got " .. scalar.shown(node)) end
  local value = {}
  for _, entry in ipairs(node.entries) do
    value[entry.key] = check(run, entry.value, spec.of, nodes.join(path, entry.key))
  end
  return value
end

local function check_array(run, node, spec, path)
  local items = node.null and {} or node.items
  if not items then
    local words = spec.word and ('a list or the word "%s"'):format(spec.word) or "a list"
    return fail(run, node, path, ("must be %s, got %s"):format(words, scalar.shown(node)))
  end
  if #items < (spec.min or 0) or #items > (spec.max or math.huge) then
    local most = spec.max and " to " .. spec.max or " or more"
    fail(run, node, path, ("must have %d%s items, got %d"):format(spec.min or 0, most, #items))
  end
  local value = {}
  for i, item in ipairs(items) do
    local checked = check(run, item, spec.of, nodes.join(path, i))
    value[i] = checked ~= nil and checked -- false stands for a refused item: the others keep their positions
  end
  return value
end

-- Free form ----------------------------------------------------------------------------------------------------------

local function check_any(run, node, spec, path)
  if node.kind == "map" then return check_map(run, node, { "map", of = spec }, path) end
  if node.kind == "list" then return check_array(run, node, { "array", of = { "any", listed = true } }, path) end
  if node.null and spec.listed then fail(run, node, path, "a list cannot hold nothing") end
  local value, problem = rules.read_any(node, run.variable)
  if problem then fail(run, node, path, problem) end
  return value
end

--- An empty list asks for nothing, so a file that spells one out is right as it is.
local function check_unsupported(run, node, _, path)
  local empty = node.null or (node.items and #node.items == 0)
  if not empty then fail(run, node, path, path .. " is not supported by this version yet") end
end

-- Entry --------------------------------------------------------------------------------------------------------------

local function check_node(_, node)
  return node
end

local CONTAINERS = {
  record = check_record, map = check_map, array = check_array, any = check_any, node = check_node,
  unsupported = check_unsupported,
}

local function type_problem(spec)
  if rules.is_scalar(spec[1]) or CONTAINERS[spec[1]] then return nil end
  local names = sorted_keys(CONTAINERS)
  for _, name in ipairs(rules.names) do names[#names + 1] = name end
  return ("unknown type %s%s"):format(scalar.quote(spec[1]), suggest.phrase(spec[1], names))
end

function check(run, node, spec, path)
  spec = normal(spec)
  if spec.word and node.kind == "scalar" and node.text == spec.word then return spec.word end
  local run_check = rules.is_scalar(spec[1]) and check_scalar or CONTAINERS[spec[1]]
  if not run_check then error(("schema of %s: %s"):format(path, type_problem(spec)), 0) end
  return run_check(run, node, spec, path)
end

local function before(a, b)
  if (a.line or 0) ~= (b.line or 0) then return (a.line or 0) < (b.line or 0) end
  if (a.column or 0) ~= (b.column or 0) then return (a.column or 0) < (b.column or 0) end
  return a.path .. "\0" .. a.message < b.path .. "\0" .. b.message
end

--- By line, then column.
---@param errors SchemaError[]
function schema.sort(errors)
  table.sort(errors, before)
end

--- Types a document. All errors at once; with errors the value is what could be read of it.
---@param node table           from gateway.config's parse
---@param spec table           a schema or a table of fields
---@param path string|nil      what the paths of the errors begin with
---@param variable function|nil name -> text: resolves ${NAME}; without it references stay text
---@return any value, SchemaError[] errors
function schema.check(node, spec, path, variable)
  local run = { errors = {}, root = normal(spec), variable = variable }
  run.expands = run.root[1] == "record" and run.root.expand
  local value = check(run, node, run.root, path or "")
  schema.sort(run.errors)
  return value, run.errors
end

--- The same for a plain Lua value: what a spec hands to a plugin.
---@param value any
---@param spec table
---@param path string|nil
---@return any value, SchemaError[] errors
function schema.check_value(value, spec, path)
  return schema.check(nodes.of(value), spec, path)
end

local function attribute_problem(spec)
  for name in pairs(spec) do
    if name ~= 1 and not ATTRIBUTES[name] then
      local word = tostring(name)
      return ("unknown attribute %s%s"):format(scalar.quote(word), suggest.phrase(word, ATTRIBUTE_NAMES))
    end
  end
  if (spec[1] == "array" or spec[1] == "map") and not spec.of then return spec[1] .. " needs `of`" end
  if spec[1] == "record" and type(spec.fields) ~= "table" then return "record needs `fields`" end
end

local function default_problem(spec)
  if spec.default == nil or spec.default == spec.word then return nil end
  local _, errors = schema.check_value(spec.default, spec)
  return errors[1] and "default: " .. errors[1].message
end

--- What is wrong with a schema itself, such as one a plugin brings.
---@param spec any
---@param path string|nil
---@return string|nil problem
function schema.problem(spec, path)
  path = path or "schema"
  if type(spec) ~= "string" and type(spec) ~= "table" then return path .. " must be a table or the name of a type" end
  spec = normal(spec)
  local problem = type_problem(spec) or attribute_problem(spec)
  if problem then return path .. ": " .. problem end
  for _, name in ipairs(sorted_keys(spec.fields or {})) do
    problem = problem or schema.problem(spec.fields[name], nodes.join(path, name))
  end
  if spec.of then problem = problem or schema.problem(spec.of, path .. ".of") end
  if problem then return problem end
  problem = default_problem(spec)
  return problem and path .. ": " .. problem
end

return schema
