-- SPDX-License-Identifier: Apache-2.0
--- JSON Schema, draft 2020-12: the keywords that structured outputs use. A schema is compiled once into a function; a
--- keyword that is not known here is refused then, so that no rule is skipped in silence. Values are those of
--- gateway.json's decode.

local json = require "gateway.json"
local keywords = require "plugins.json-schema.keywords"

local MOST_SCHEMAS, MOST_DEPTH, STEPS_MOST = 2000, 256, 100000

--- They describe and never refuse.
local ANNOTATIONS = {
  ["$schema"] = true, ["$id"] = true, ["$comment"] = true, ["$anchor"] = true, ["$defs"] = true, title = true,
  description = true, default = true, examples = true, deprecated = true, readOnly = true, writeOnly = true,
  format = true, contentEncoding = true, contentMediaType = true, definitions = true,
  -- read by a neighbour
  ["then"] = true, ["else"] = true, minContains = true, maxContains = true,
}

---@class SchemaRun one value under test
---@field depth integer
---@field steps integer how much was looked at
---@field most integer
---@field path (string|integer)[]
---@field place string? where the first fault is
---@field problem string? what is wrong there

local compile -- of a schema, below

--- "#/$defs/a~1b/items" -> the schema at that place
local function resolve(root, reference)
  if type(reference) ~= "string" or not reference:find "^#" then
    error(("$ref %s: only places in the schema itself can be named"):format(tostring(reference)), 0)
  end
  local found = root
  for step in reference:sub(2):gmatch "/([^/]*)" do
    step = step:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end)
    step = step:gsub("~1", "/"):gsub("~0", "~")
    if type(found) ~= "table" then found = nil break end
    local position = json.is_array(found) and tonumber(step)
    found = found[position and position + 1 or step]
  end
  if found == nil then error("$ref " .. reference .. ": there is no such place in the schema", 0) end
  return found
end

--- A reference is looked up when it is compiled and entered when it is met: schemas may refer to themselves.
local function compile_reference(build, reference)
  local target = resolve(build.root, reference)
  local check
  return function(value, run)
    check = check or build.compiled[target]
    return check(value, run)
  end, target
end

local function fail_always(_, run)
  return keywords.fail(run, "nothing is allowed here")
end

local function hold_always() return true end

-- A stranger's patterns -----------------------------------------------------------------------------------------------

local PATTERN_BYTES, REPEATS_MOST, PATTERNS_MOST = 200, 1000, 32

--- Compiling a pattern costs time that grows with what its counted repeats multiply to.
local function check_pattern(build, pattern)
  local repeats = 1
  for bounds in tostring(pattern):gmatch "{([%d,]+)}" do
    repeats = repeats * math.max(tonumber(bounds:match "(%d+)$") or tonumber(bounds:match "^(%d+)") or 1, 1)
  end
  build.patterns = build.patterns + 1
  if #tostring(pattern) > PATTERN_BYTES or repeats > REPEATS_MOST or build.patterns > PATTERNS_MOST then
    error("pattern: longer, with more repeats or more of them than are allowed here", 0)
  end
end

local function check_patterns(build, schema)
  if schema.pattern ~= nil then check_pattern(build, schema.pattern) end
  local map = schema.patternProperties
  for pattern in pairs(type(map) == "table" and map or {}) do check_pattern(build, pattern) end
end

-- Compiling ----------------------------------------------------------------------------------------------------------

--- The checks of one schema object, in the keywords' order.
local function compile_object(build, schema)
  local checks = {}
  for name in pairs(schema) do
    if not keywords.known[name] and not ANNOTATIONS[name] and name ~= "$ref" then
      error(("keyword %q is not supported"):format(tostring(name)), 0)
    end
  end
  if build.strange then check_patterns(build, schema) end
  if schema["$ref"] ~= nil then
    local check, target = compile_reference(build, schema["$ref"])
    checks[1] = check
    if build.compiled[target] == nil then build.queue[#build.queue + 1] = target end
  end
  for _, name in ipairs(keywords.order) do
    if schema[name] ~= nil then
      checks[#checks + 1] = keywords.known[name](schema[name], schema, function(inner) return compile(build, inner) end)
    end
  end
  return checks
end

local function all_of(checks)
  return function(value, run)
    run.depth, run.steps = run.depth + 1, run.steps + 1
    if run.depth > MOST_DEPTH then return keywords.fail(run, "nested too deep to be checked") end
    if run.steps > run.most then return keywords.fail(run, "too much to be checked") end
    for i = 1, #checks do
      if not checks[i](value, run) then return false end
    end
    run.depth = run.depth - 1
    return true
  end
end

function compile(build, schema)
  if schema == true then return hold_always end
  if schema == false then return fail_always end
  if type(schema) ~= "table" or (next(schema) ~= nil and json.is_array(schema)) then
    error("a schema is an object, true or false", 0)
  end
  if build.compiled[schema] then return build.compiled[schema] end
  build.count = build.count + 1
  if build.count > MOST_SCHEMAS then error("a schema of too many parts", 0) end
  local checks = {}
  build.compiled[schema] = all_of(checks)
  for i, check in ipairs(compile_object(build, schema)) do checks[i] = check end
  return build.compiled[schema]
end

local validator = {}

--- A schema as a function. Raises, naming what is wrong with the schema.
---@param schema table|boolean
---@param strange boolean? it comes from a client: patterns that cost much to compile are refused
---@return fun(value: any): boolean, string?, string? check true | false, the place ("items[0].name"), what is wrong
function validator.compile(schema, strange)
  local build = { root = schema, compiled = {}, queue = {}, count = 0, strange = strange, patterns = 0 }
  local check = compile(build, schema)
  while #build.queue > 0 do compile(build, table.remove(build.queue)) end
  return function(value)
    local run = { depth = 0, steps = 0, most = STEPS_MOST, path = {} }
    if check(value, run) then return true end
    return false, run.place, run.problem
  end
end

return validator
