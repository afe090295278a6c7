-- SPDX-License-Identifier: Apache-2.0
--- Keywords that join schemas.

local faults = require "plugins.json-schema.faults"
local json = require "gateway.json"

local fail, expect, quietly = faults.fail, faults.expect, faults.quietly

local combined = {}

local function compile_list(schemas, keyword, compile)
  expect(type(schemas) == "table" and json.is_array(schemas) and #schemas > 0, keyword, "a list of schemas")
  local checks = {}
  for i, schema in ipairs(schemas) do checks[i] = compile(schema) end
  return checks
end

local function count_held(checks, value, run)
  local count = 0
  for i = 1, #checks do
    if quietly(run, checks[i], value) then count = count + 1 end
  end
  return count
end

function combined.allOf(schemas, _, compile)
  local checks = compile_list(schemas, "allOf", compile)
  return function(value, run)
    for i = 1, #checks do
      if not checks[i](value, run) then return false end
    end
    return true
  end
end

function combined.anyOf(schemas, _, compile)
  local checks = compile_list(schemas, "anyOf", compile)
  return function(value, run)
    return count_held(checks, value, run) > 0 or fail(run, "fits none of the schemas of anyOf")
  end
end

function combined.oneOf(schemas, _, compile)
  local checks = compile_list(schemas, "oneOf", compile)
  return function(value, run)
    local count = count_held(checks, value, run)
    return count == 1 or fail(run, ("fits %d of the schemas of oneOf, not one"):format(count))
  end
end

combined["not"] = function(schema, _, compile)
  local check = compile(schema)
  return function(value, run)
    return not quietly(run, check, value) or fail(run, "fits what it must not")
  end
end

local function hold_always() return true end

combined["if"] = function(schema, around, compile)
  local check = compile(schema)
  local yes = around["then"] ~= nil and compile(around["then"]) or hold_always
  local no = around["else"] ~= nil and compile(around["else"]) or hold_always
  return function(value, run)
    if quietly(run, check, value) then return yes(value, run) end
    return no(value, run)
  end
end

return combined
