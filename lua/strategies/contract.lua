-- SPDX-License-Identifier: Apache-2.0
--- What a strategy is: arithmetic over targets. It never waits; time and load arrive as arguments.

local schema = require "schema"

---@class Target what a strategy may read of one
---@field name string
---@field weight number

---@class Outcome how a try ended
---@field ok boolean
---@field latency_ms number

---@class Strategy
---@field name string the file's
---@field choose fun(targets: Target[], call: table): Target[] in the order to try; never none, only given ones
---@field learn (fun(target: Target, outcome: Outcome))?
---@field named boolean? true: only the first one is tried; the others serve when its circuit is open

local TYPES = { name = "string", choose = "function", learn = "function", named = "boolean" }

--- Unknown names, with a suggestion.
local function unknown(strategy)
  local written = {}
  for name in pairs(strategy) do written[tostring(name)] = true end
  local _, errors = schema.check_value(written, { name = "any", choose = "any", learn = "any", named = "any" })
  return errors[1] and errors[1].message
end

local function type_problem(strategy)
  for name, wanted in pairs(TYPES) do
    local found = type(strategy[name])
    if found ~= wanted and found ~= "nil" then return ("%s must be a %s, got a %s"):format(name, wanted, found) end
  end
  return nil
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
