-- SPDX-License-Identifier: Apache-2.0
--- Checks a script against its folder's contract.lua.

local script = require "gateway.script"

local contracts = {}

local loaded = {}

local function contract_of(kind)
  if loaded[kind] == nil then
    local contract, message = script.load(kind, "contract")
    loaded[kind] = contract or { check = function() return nil, message end }
  end
  return loaded[kind]
end

--- Nil when `value` is what scripts of `kind` must return, else what is wrong.
---@return string? problem
function contracts.problem(kind, name, value)
  local held, problem = contract_of(kind).check(value, name)
  return not held and (problem or "does not keep its contract") or nil
end

--- Nil when `value` is what scripts of `kind` must return, else what is wrong, with the file's path.
---@return string? message
function contracts.check(kind, name, value)
  local problem = contracts.problem(kind, name, value)
  if not problem then return nil end
  local path = script.path(kind, name) or kind .. "/" .. name .. ".lua"
  return ("%s: %s"):format(path, problem)
end

return contracts
