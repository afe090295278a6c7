-- SPDX-License-Identifier: Apache-2.0
--- What a strategy is: arithmetic over targets. It never waits; time, chance and load are asked of the request.

local schema = require "schema"

---@class Target what a strategy may read of one; a group in `targets` is one, too
---@field name string
---@field weight number
---@field priority integer lower ones come first

---@class Strategy
---@field name string the file's
---@field choose fun(targets: Target[], request: Routing): Target[], integer? in the order to try, only given ones; with
--- a number it begins there and goes round. No list need be made: `return targets, start`
---@field more (fun(targets: Target[], request: Routing, turn: integer): Target[]?, integer?)? whom to ask when that
--- order is used up: turn 2, 3 ... until it returns nil. Who stood in an earlier order is passed over
---@field open (fun(conf: table, targets: Target[]): any)? what can be worked out once: request.opened
---@field schema table<string, table>? fields of `strategy.config`
---@field check (fun(conf: table, report: fun(message: string, ...)))? tells what else is wrong with the block
--- `strategy`: a message, then the keys and positions that lead to the place
---@field learn function? nobody calls it: what targets did, request:figures tells
---@field named boolean? true: whoever is first and well is asked, and nobody after it

local TYPES = {
  name = "string", choose = "function", more = "function", open = "function", check = "function", schema = "table",
  learn = "function", named = "boolean",
}

--- Unknown names, with a suggestion.
local function unknown(strategy)
  local written, fields = {}, {}
  for name in pairs(strategy) do written[tostring(name)] = true end
  for name in pairs(TYPES) do fields[name] = "any" end
  local _, errors = schema.check_value(written, fields)
  return errors[1] and errors[1].message
end

local function type_problem(strategy)
  for name, wanted in pairs(TYPES) do
    local found = type(strategy[name])
    if found ~= wanted and found ~= "nil" then return ("%s must be a %s, got a %s"):format(name, wanted, found) end
  end
  return strategy.schema and schema.problem({ "record", fields = strategy.schema }, "schema")
end

local function problem_of(strategy, name)
  if type(strategy) ~= "table" then return "must return a table, got a " .. type(strategy) end
  local problem = unknown(strategy) or type_problem(strategy)
  if problem then return problem end
  if not strategy.choose then return "needs choose" end
  if strategy.name == name then return nil end
  return ("name must be %q, as the file is called, got %s"):format(name, tostring(strategy.name))
end

--- Whether `strategy` is what a script of this folder must return.
---@param strategy any
---@param name string the file's name
---@return true? held, string? problem
local function check(strategy, name)
  local problem = problem_of(strategy, name)
  if problem then return nil, problem end
  return true
end

return { check = check }
