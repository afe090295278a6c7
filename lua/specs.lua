-- SPDX-License-Identifier: Apache-2.0
--- Runs specs of a candidate for the gate, in the privileged VM: busted, driven from here so that every `it` is counted
--- and every failure has its place. `world` is the full standard library.

local candidate = require "candidate"
local gate = require "gateway.gate"
local json = require "gateway.json"
local reasons = require "reasons"

local specs = {}

local FILE_MS, TOTAL_MS = 2000, 6000 -- CPU time of one spec file, and of all
local GARBAGE_KB = 32768 -- what a spec may leave behind for the next to start with

-- Busted -------------------------------------------------------------------------------------------------------------

local function trimmed(_, info)
  info.traceback = info.traceback:match "^(.-)\n%s*%[C]" or info.traceback
  return info
end

--- Busted binds luassert's environment anew each time, around the one before: a hundred of them are too deep for Lua.
local function unbind_assert(world)
  local assert = world.require "luassert"
  for _, callable in ipairs { assert, assert.is_true } do
    local meta = world.debug.getmetatable(callable)
    world.setfenv(meta and meta.__call or callable, world)
  end
end

--- A busted of its own for each file: what one leaves behind is not the next one's.
local function fresh_busted(world)
  local load = world.require
  world.package.loaded.busted, world.package.loaded["busted.init"] = nil, nil
  local busted = load "busted.core"()
  unbind_assert(world)
  load "busted"(busted)
  return busted
end

--- Files of the candidate are named from their roots; busted's and ours are not meant.
local function is_candidates(file)
  return file ~= nil and (file:find "^spec/" or file:find "^%l+/[%w_/-]+%.lua$" and not file:find "^lua/") ~= nil
end

--- "spec/plugins/x_spec.lua:12: message" -> its parts; without a place the trace's.
local function placed(message, trace, path)
  message = tostring(message)
  local file, line, rest = message:match "^([%w_./-]+%.lua):(%d+): (.*)$"
  if is_candidates(file) then return file, tonumber(line), rest end
  local found = trace and is_candidates(trace.short_src)
  return found and trace.short_src or path, found and trace.currentline or 1, rest or message
end

local function title_of(element)
  return element and element.descriptor == "it" and ("%q "):format(element.name or "") or ""
end

local function listen(busted, result, path)
  busted.subscribe({ "test", "end" }, function(_, _, status)
    if status == "success" then result.passed = result.passed + 1 end
    if status == "failure" or status == "error" then result.failed = result.failed + 1 end
    return nil, true
  end)
  local function fail(element, _, message, trace)
    local file, line, rest = placed(message, trace, path)
    local text = ("%sfailed: %s"):format(title_of(element), rest)
    result.problems[#result.problems + 1] = { file = file, line = line, message = text }
    return nil, true
  end
  busted.subscribe({ "failure" }, fail)
  busted.subscribe({ "error" }, fail)
end

-- One file -----------------------------------------------------------------------------------------------------------

local function run_chunk(world, path, result)
  local chunk, problem = world.loadstring(gate.text(path), "@" .. path)
  if not chunk then
    local file, line, rest = placed(problem, nil, path)
    result.problems[1] = { file = file, line = line, message = rest }
    return
  end
  local busted, load = fresh_busted(world), world.require
  listen(busted, result, path)
  busted.executors.file(path, world.setmetatable({ getTrace = trimmed }, { __call = chunk }))
  load "busted.execute"(busted)(1, {})
end

--- Whatever ends a run from outside of its tests is the only thing to be told of it.
local function run_limited(world, path, limit, result)
  local stopped, problem, file, line = gate.limited(limit, run_chunk, world, path, result)
  if stopped then
    local message = ("ran longer than %d ms of CPU"):format(limit)
    result.problems = { { file = file ~= "" and file or path, line = math.max(line, 1), message = message } }
  elseif problem ~= nil then
    local where, at, rest = placed(type(problem) == "string" and problem or "left before it was over", nil, path)
    result.problems[#result.problems + 1] = { file = where, line = at, message = rest }
  end
end

--- Runs one spec.
---@param world table
---@param path string in the bundle
---@param limit integer milliseconds of CPU
---@return { passed: integer, failed: integer, duration_ms: integer, problems: table[] }
function specs.run_file(world, path, limit)
  gate.step(path)
  local result, began = { passed = 0, failed = 0, problems = {} }, gate.elapsed()
  if limit > 0 then
    run_limited(world, path, limit, result)
  else
    result.problems[1] = { file = path, line = 1, message = "was not run: the specs before it took all the time" }
  end
  if #result.problems > 0 then result.failed = math.max(result.failed, 1) end
  result.duration_ms = math.floor(gate.elapsed() - began + 0.5)
  if world.collectgarbage "count" > GARBAGE_KB then world.collectgarbage() end
  return result
end

-- All of them --------------------------------------------------------------------------------------------------------

--- Standard output is the gateway's log.
local function silence(world)
  local nowhere = world.io.open("/dev/null", "w")
  world.print = function() end
  world.io.output(nowhere)
  world.io.stdout, world.io.stderr = nowhere, nowhere
end

--- `require "spec.support.x"` finds what was read with the candidate, not what lies on the disk by now.
local function add_searcher(world, sources)
  table.insert(world.package.loaders, 2, function(name)
    local path = name:gsub("%.", "/") .. ".lua"
    local text = path:find "^spec/" and sources.text(path)
    return text and world.loadstring(text, "@" .. path) or nil
  end)
end

local function missing_busted(verdict)
  verdict.reasons[1] = {
    file = "", line = 0,
    message = "busted is not installed, and specs are to be run: on Debian apt-get install lua-busted",
  }
end

local function judge_script(world, verdict, script, used, sources)
  local result = specs.run_file(world, script.spec_path, math.min(FILE_MS, TOTAL_MS - used))
  for _, problem in ipairs(result.problems) do
    verdict.reasons[#verdict.reasons + 1] = reasons.at(problem.file, problem.line, problem.message, sources)
  end
  if result.passed + result.failed > 0 then
    script.spec = { passed = result.passed, failed = result.failed, duration_ms = result.duration_ms }
    return
  end
  local message = "has no test: a spec needs an it(...)"
  if script.owes and verdict.require_specs then
    verdict.reasons[#verdict.reasons + 1] = reasons.at(script.spec_path, 1, message, sources)
  else
    verdict.warnings[#verdict.warnings + 1] = ("%s %s"):format(script.spec_path, message)
  end
end

--- Runs what a verdict asks for and completes it.
---@param world table
---@param text string the verdict of lua/judge.lua, as JSON
---@return boolean held
---@return string report as JSON
---@return string lines for a terminal: why not
function specs.judge(world, text)
  local verdict, sources, used, lines = json.decode(text), candidate.sources(), 0, {}
  if not world.pcall(world.require, "busted.core") then
    missing_busted(verdict)
  else
    silence(world)
    add_searcher(world, sources)
    for _, position in ipairs(verdict.run) do
      local script, began = verdict.scripts[position], gate.cpu()
      judge_script(world, verdict, script, used, sources)
      used = used + gate.cpu() - began
    end
  end
  for i, reason in ipairs(verdict.reasons) do lines[i] = reasons.shown(reason) end
  return #verdict.reasons == 0, candidate.report(verdict), table.concat(lines, "\n")
end

return specs
