-- SPDX-License-Identifier: Apache-2.0
--- Long work of the hallway's own in pieces: each has the CPU time of one entry into Lua, so that what is done for two
--- hundred targets does not count as one script that runs away.

local script = require "gateway.script"

local stretch = {}

local function settle(ran, ...)
  if not ran then error((...), 0) end
  return ...
end

--- Runs one piece. Passes on what it returns, and what it raises.
---@param piece function
---@return any ...
function stretch.run(piece, ...)
  return settle(script.guard(piece, ...))
end

return stretch
