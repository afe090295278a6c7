-- SPDX-License-Identifier: Apache-2.0
--- Keywords about arrays and objects and what is in them.

local faults = require "plugins.json-schema.faults"
local json = require "gateway.json"

local fail, expect, at = faults.fail, faults.expect, faults.at

local function is_array(value) return type(value) == "table" and json.is_array(value) end
local function is_object(value) return type(value) == "table" and not json.is_array(value) end

local function keys_of(object)
  local keys = {}
  for key in pairs(object) do keys[#keys + 1] = key end
  table.sort(keys)
  return keys
end

local containers = {}

-- Sizes --------------------------------------------------------------------------------------------------------------

local function size_rule(name, applies, size, phrase, what)
  local least = name:find "^min" ~= nil
  containers[name] = function(limit)
    limit = json.number(limit)
    expect(limit and limit >= 0, name, "a whole number")
    local problem = ("must have %s %d %s"):format(phrase, limit, what)
    return function(value, run)
      if not applies(value) then return true end
      local count = size(value)
      if least then return count >= limit or fail(run, problem) end
      return count <= limit or fail(run, problem)
    end
  end
end

local function item_count(value) return #value end
local function property_count(value) return #keys_of(value) end

size_rule("minItems", is_array, item_count, "at least", "items")
size_rule("maxItems", is_array, item_count, "at most", "items")
size_rule("minProperties", is_object, property_count, "at least", "members")
size_rule("maxProperties", is_object, property_count, "at most", "members")

-- Arrays -------------------------------------------------------------------------------------------------------------

local UNIQUE_MOST = 1000

--- Scalars by a look-up, the rest by comparing.
local function duplicate(items)
  local seen, tables = {}, {}
  for i, item in ipairs(items) do
    local key = type(item) == "userdata" and json.number(item) or item
    if type(item) == "table" then
      for _, other in ipairs(tables) do
        if json.equal(other, item) then return i end
      end
      tables[#tables + 1] = item
    elseif seen[key] then
      return i
    else
      seen[key] = true
    end
  end
end

function containers.uniqueItems(wanted)
  expect(type(wanted) == "boolean", "uniqueItems", "true or false")
  return function(value, run)
    if not wanted or not is_array(value) then return true end
    if #value > UNIQUE_MOST then return fail(run, "has too many items to compare") end
    return not duplicate(value) or fail(run, "must not have an item twice")
  end
end

function containers.prefixItems(schemas, _, compile)
  expect(type(schemas) == "table" and json.is_array(schemas), "prefixItems", "a list of schemas")
  local checks = {}
  for i, schema in ipairs(schemas) do checks[i] = compile(schema) end
  return function(value, run)
    if not is_array(value) then return true end
    for i = 1, math.min(#checks, #value) do
      if not at(run, i - 1, checks[i], value[i]) then return false end
    end
    return true
  end
end

function containers.items(schema, around, compile)
  local check, first = compile(schema), #(around.prefixItems or {}) + 1
  return function(value, run)
    if not is_array(value) then return true end
    for i = first, #value do
      if not at(run, i - 1, check, value[i]) then return false end
    end
    return true
  end
end

function containers.contains(schema, around, compile)
  local check = compile(schema)
  local least, most = json.number(around.minContains or 1), json.number(around.maxContains or math.huge)
  expect(least and most, "minContains", "a number, as maxContains")
  return function(value, run)
    if not is_array(value) then return true end
    local count = 0
    for i = 1, #value do
      if faults.quietly(run, check, value[i]) then count = count + 1 end
    end
    return count >= least and count <= most or fail(run, "has not as many items of the kind that contains asks for")
  end
end

-- Objects ------------------------------------------------------------------------------------------------------------

local function compile_map(schemas, keyword, compile)
  expect(is_object(schemas) or next(schemas) == nil, keyword, "an object of schemas")
  local checks = {}
  for name, schema in pairs(schemas) do checks[name] = compile(schema) end
  return checks, keys_of(checks)
end

function containers.required(names)
  expect(type(names) == "table" and json.is_array(names), "required", "a list of names")
  return function(value, run)
    if not is_object(value) then return true end
    for i = 1, #names do
      if value[names[i]] == nil then return fail(run, ("member %q is missing"):format(names[i])) end
    end
    return true
  end
end

function containers.dependentRequired(map)
  expect(type(map) == "table", "dependentRequired", "an object of lists")
  local checks = {}
  for name, names in pairs(map) do checks[name] = containers.required(names) end
  return function(value, run)
    if not is_object(value) then return true end
    for name, check in pairs(checks) do
      if value[name] ~= nil and not check(value, run) then return false end
    end
    return true
  end
end

function containers.dependentSchemas(map, _, compile)
  local checks, names = compile_map(map, "dependentSchemas", compile)
  return function(value, run)
    if not is_object(value) then return true end
    for _, name in ipairs(names) do
      if value[name] ~= nil and not checks[name](value, run) then return false end
    end
    return true
  end
end

function containers.propertyNames(schema, _, compile)
  local check = compile(schema)
  return function(value, run)
    if not is_object(value) then return true end
    for _, name in ipairs(keys_of(value)) do
      if not faults.quietly(run, check, name) then return fail(run, "has a member whose name is not allowed") end
    end
    return true
  end
end

function containers.properties(schemas, _, compile)
  local checks, names = compile_map(schemas, "properties", compile)
  return function(value, run)
    if not is_object(value) then return true end
    for _, name in ipairs(names) do
      if value[name] ~= nil and not at(run, name, checks[name], value[name]) then return false end
    end
    return true
  end
end

--- Pairs of a compiled pattern and what it asks of the members whose names match.
local function compile_patterns(schemas, compile)
  local pairs_of = {}
  for pattern, schema in pairs(schemas) do
    pairs_of[#pairs_of + 1] = { set = faults.pattern(pattern), check = compile(schema) }
  end
  return pairs_of
end

function containers.patternProperties(schemas, _, compile)
  expect(type(schemas) == "table", "patternProperties", "an object of schemas")
  local rules = compile_patterns(schemas, compile)
  return function(value, run)
    if not is_object(value) then return true end
    for _, name in ipairs(keys_of(value)) do
      for _, rule in ipairs(rules) do
        if rule.set:find(name) and not at(run, name, rule.check, value[name]) then return false end
      end
    end
    return true
  end
end

--- A name that neither `properties` nor `patternProperties` speaks of.
local function is_additional(name, listed, rules)
  if listed[name] ~= nil then return false end
  for _, rule in ipairs(rules) do
    if rule.set:find(name) then return false end
  end
  return true
end

function containers.additionalProperties(schema, around, compile)
  local check, listed = compile(schema), around.properties or {}
  local rules = compile_patterns(around.patternProperties or {}, function() return true end)
  return function(value, run)
    if not is_object(value) then return true end
    for _, name in ipairs(keys_of(value)) do
      if is_additional(name, listed, rules) then
        if schema == false then return fail(run, "has a member that the schema does not name") end
        if not at(run, name, check, value[name]) then return false end
      end
    end
    return true
  end
end

return containers
