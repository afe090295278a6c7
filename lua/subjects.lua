-- SPDX-License-Identifier: Apache-2.0
--- The names of events, and patterns of them: "gateway.breaker.opened", "gateway.request.*", "*".

local door = require "gateway.events"

local subjects = {}

--- Those that any of the patterns means; nil: all there are.
---@param patterns string[]?
---@return string[]
function subjects.all(patterns)
  local found, seen = {}, {}
  for _, pattern in ipairs(patterns or { "*" }) do
    for _, name in ipairs(door.subjects(pattern)) do
      if not seen[name] then found[#found + 1] = name end
      seen[name] = true
    end
  end
  return found
end

--- What is wrong with a pattern.
---@param pattern string
---@return string? problem
function subjects.problem(pattern)
  if #door.subjects(pattern) > 0 then return nil end
  return "must be an event's subject, or the beginning of some and *: there is "
    .. table.concat(door.subjects "*", ", ")
end

return subjects
