-- SPDX-License-Identifier: Apache-2.0
--- Which lines of the scripts under test the specs have run: `moongate spec --coverage`. `world` is the full standard
--- library, which specs alone have.

local script = require "gateway.script"

local coverage = {}

local SCRIPT = "^@(.+)/([%w_-]+)%.lua$"
local SEPARATE = { plugins = true, strategies = true, providers = true, admin = true, ["providers/dialects"] = true }

-- Lines that can be run ----------------------------------------------------------------------------------------------

local function opcode(util, code, position)
  return util.funcbc(code, position) % 256
end

--- Adds the lines of one function's bytecode. `leave` is the return that the compiler puts at a function's end:
--- nobody's statement.
local function add_lines(util, code, leave, lines)
  local info = util.funcinfo(code)
  local last = info.bytecodes - 1
  if opcode(util, code, last) == leave then last = last - 1 end
  for position = 1, last do
    local line = util.funcinfo(code, position).currentline
    if line and line > 0 then lines[line] = true end
  end
  for index = -1, info.children and -info.gcconsts or 0, -1 do
    local constant = util.funck(code, index)
    if type(constant) == "proto" then add_lines(util, constant, leave, lines) end
  end
end

--- The lines of a chunk that hold a statement.
---@param world table
---@param text string
---@param name string of the chunk
---@return table<integer, true>
function coverage.lines(world, text, name)
  local lines, chunk, load_module = {}, world.loadstring(text, name), world.require
  local util = load_module "jit.util"
  if chunk then add_lines(util, chunk, opcode(util, world.loadstring "", 1), lines) end
  return lines
end

-- Counting -----------------------------------------------------------------------------------------------------------

--- Starts to note every line of every script.
---@param world table
---@return table<string, table<integer, true>> hits by the chunk's name
function coverage.start(world)
  local hits, getinfo = {}, world.debug.getinfo
  world.debug.sethook(function(_, line)
    local source = getinfo(2, "S").source
    local seen = hits[source]
    if not seen then
      seen = {}
      hits[source] = seen
    end
    seen[line] = true
  end, "l")
  return hits
end

-- Report -------------------------------------------------------------------------------------------------------------

local function sorted(set)
  local list = {}
  for item in pairs(set) do list[#list + 1] = item end
  table.sort(list)
  return list
end

--- { 3, 4, 5, 9 } -> "3-5, 9"
local function ranges(lines)
  local parts, at = {}, 1
  while at <= #lines do
    local last = at
    while lines[last + 1] == lines[last] + 1 do last = last + 1 end
    parts[#parts + 1] = last > at and ("%d-%d"):format(lines[at], lines[last]) or tostring(lines[at])
    at = last + 1
  end
  return table.concat(parts, ", ")
end

--- One script's line of the report.
---@param lines table<integer, true> that can be run
---@param seen table<integer, true>
---@return string
function coverage.told(title, lines, seen)
  local missed, total = {}, 0
  for _, line in ipairs(sorted(lines)) do
    total = total + 1
    if not seen[line] then missed[#missed + 1] = line end
  end
  local share = total > 0 and (total - #missed) / total * 100 or 100
  local text = ("%-40s %5.1f %%  %d of %d lines"):format(title, share, total - #missed, total)
  return #missed > 0 and ("%s, missed: %s"):format(text, ranges(missed)) or text
end

local function read(world, path)
  local file = path and world.io.open(path, "rb")
  local text = file and file:read("*a")
  if file then file:close() end
  return text
end

--- The scripts that were run, as the report shows them; with an overlay only those it holds.
---@param world table
---@param hits table<string, table<integer, true>>
---@param overlay string "" = none
---@return string
function coverage.report(world, hits, overlay)
  world.debug.sethook()
  local lines = { "Coverage" }
  for _, source in ipairs(sorted(hits)) do
    local kind, name = source:match(SCRIPT)
    local path = kind and SEPARATE[kind] and name ~= "contract" and script.path(kind, name)
    local text = path and path:sub(1, #overlay) == overlay and read(world, path)
    if text then lines[#lines + 1] = coverage.told(source:sub(2), coverage.lines(world, text, source), hits[source]) end
  end
  if #lines == 1 then lines[2] = "no script was run" end
  return table.concat(lines, "\n")
end

return coverage
