-- SPDX-License-Identifier: Apache-2.0
--- Keywords about a single value: its type, its size, what it equals.

local faults = require "plugins.json-schema.faults"
local json = require "gateway.json"
local match = require "gateway.match"

local fail, expect = faults.fail, faults.expect

local function is_integer(value)
  local number = json.number(value)
  return number ~= nil and number == math.floor(number) and number - number == 0
end

local TYPES = {
  null = function(value) return value == json.null end,
  boolean = function(value) return type(value) == "boolean" end,
  number = function(value) return json.number(value) ~= nil end,
  integer = is_integer,
  string = function(value) return type(value) == "string" end,
  array = function(value) return type(value) == "table" and json.is_array(value) end,
  object = function(value) return type(value) == "table" and not json.is_array(value) end,
}

local scalars = {}

function scalars.type(names)
  if type(names) == "string" then names = { names } end
  expect(type(names) == "table" and #names > 0, "type", "the name of a type, or several")
  for _, name in ipairs(names) do expect(TYPES[name], "type", "one that JSON has, not " .. tostring(name)) end
  local problem = "must be of type " .. table.concat(names, " or ")
  return function(value, run)
    for i = 1, #names do
      if TYPES[names[i]](value) then return true end
    end
    return fail(run, problem)
  end
end

function scalars.enum(choices)
  expect(type(choices) == "table" and json.is_array(choices), "enum", "a list")
  return function(value, run)
    for i = 1, #choices do
      if json.equal(choices[i], value) then return true end
    end
    return fail(run, "must be one of the values that enum lists")
  end
end

function scalars.const(expected)
  return function(value, run)
    return json.equal(expected, value) or fail(run, "must be the value that const names")
  end
end

-- Numbers ------------------------------------------------------------------------------------------------------------

local function number_rule(name, holds, phrase)
  scalars[name] = function(limit)
    limit = json.number(limit)
    expect(limit, name, "a number")
    local problem = ("must be %s %.14g"):format(phrase, limit)
    return function(value, run)
      local number = type(value) ~= "string" and json.number(value)
      return not number or holds(number, limit) or fail(run, problem)
    end
  end
end

number_rule("minimum", function(number, limit) return number >= limit end, "at least")
number_rule("maximum", function(number, limit) return number <= limit end, "at most")
number_rule("exclusiveMinimum", function(number, limit) return number > limit end, "more than")
number_rule("exclusiveMaximum", function(number, limit) return number < limit end, "less than")
number_rule("multipleOf", function(number, limit)
  local share = number / limit
  return share == math.floor(share) or math.abs(share - math.floor(share + 0.5)) < 1e-9
end, "a multiple of")

-- Strings ------------------------------------------------------------------------------------------------------------

--- Characters, not bytes.
local function length(text)
  local _, continued = text:gsub("[\128-\191]", "")
  return #text - continued
end

local function length_rule(name, holds, phrase)
  scalars[name] = function(limit)
    limit = json.number(limit)
    expect(limit and limit >= 0, name, "a whole number")
    local problem = ("must have %s %d characters"):format(phrase, limit)
    return function(value, run)
      return type(value) ~= "string" or holds(length(value), limit) or fail(run, problem)
    end
  end
end

length_rule("minLength", function(count, limit) return count >= limit end, "at least")
length_rule("maxLength", function(count, limit) return count <= limit end, "at most")

--- A set of one pattern; raises on one that cannot be matched in linear time.
function faults.pattern(pattern)
  expect(type(pattern) == "string", "pattern", "a string")
  return match.patterns { pattern }
end

function scalars.pattern(pattern)
  local set = faults.pattern(pattern)
  return function(value, run)
    return type(value) ~= "string" or set:find(value) ~= nil or fail(run, "must match the pattern")
  end
end

return scalars
