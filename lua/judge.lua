-- SPDX-License-Identifier: Apache-2.0
--- May a candidate generation serve? First it is loaded as a worker would load it; what its specs have to show is then
--- up to lua/specs.lua, in a VM where busted can run.

local candidate = require "candidate"
local init = require "init"
local json = require "gateway.json"
local reasons = require "reasons"

---@class Verdict what is judged so far; bindings/gate.h says what becomes of it
---@field reasons Reason[]
---@field warnings string[]
---@field scripts CandidateScript[] each with `spec`: { passed, failed, duration_ms } or null
---@field run integer[] positions of the scripts whose spec is to be run
---@field require_specs boolean

local judge = {}

--- The report of the generation that serves now, by script.
local function earlier(text)
  local found = {}
  for _, script in ipairs(text and json.decode(text).scripts or {}) do
    found[script.kind .. "/" .. script.name] = script
  end
  return found
end

---@class Occasion
---@field first boolean   nothing serves yet
---@field all boolean     every spec is asked for
---@field report string?  of what serves now

local function is_changed(script, before)
  return not before or before.judged ~= script.judged
end

local function must_run(script, before, occasion)
  if not script.spec_path then return false end
  if occasion.all then return true end
  if occasion.first then return script.source == "operator" end
  return is_changed(script, before)
end

--- Who has to bring a spec where specs are required: the operator's scripts, and whatever changes under the gateway.
local function owes_spec(script, before, occasion)
  return script.source == "operator" or (not occasion.first and is_changed(script, before))
end

local function note_missing(verdict, script, sources)
  local wanted = ("spec/%s/%s_spec.lua"):format(script.kind, script.name)
  if verdict.require_specs then
    local message = ("has no spec, and scripts.require_specs asks for one at %s"):format(wanted)
    verdict.reasons[#verdict.reasons + 1] = reasons.at(script.path, 1, message, sources)
  else
    verdict.warnings[#verdict.warnings + 1] = ("%s has no spec: write one at %s"):format(script.path, wanted)
  end
end

local function weigh(verdict, occasion, sources)
  local before = earlier(occasion.report)
  for position, script in ipairs(verdict.scripts) do
    local known = before[script.kind .. "/" .. script.name]
    script.owes = owes_spec(script, known, occasion)
    script.spec = json.null
    if must_run(script, known, occasion) then
      verdict.run[#verdict.run + 1] = position
    elseif known and not is_changed(script, known) then
      script.spec = known.spec
    end
    if script.owes and not script.spec_path then note_missing(verdict, script, sources) end
  end
end

--- What a terminal is told.
local function lines_of(held, told, verdict, sources)
  if not held then return reasons.told(told, sources) end
  local lines = {}
  for i, reason in ipairs(verdict.reasons) do lines[i] = reasons.shown(reason) end
  return #lines > 0 and table.concat(lines, "\n") or told
end

--- Loads the candidate and finds out what else is to be judged.
---@param first boolean
---@param all boolean
---@param report string?
---@return boolean held
---@return string verdict as JSON: the report, or what lua/specs.lua goes on with
---@return string lines for a terminal
---@return integer specs how many are to be run
function judge.examine(first, all, report)
  local sources = candidate.sources()
  local verdict = { reasons = json.array {}, warnings = json.array {}, scripts = {}, run = json.array {} }
  local held, told, loaded = init.check()
  verdict.scripts = json.array(candidate.scripts())
  verdict.require_specs = loaded ~= nil and loaded.scripts.require_specs
  for _, warning in ipairs(loaded and loaded.warnings or {}) do verdict.warnings[#verdict.warnings + 1] = warning end
  if not held then verdict.reasons = json.array(reasons.list(told, sources)) end
  weigh(verdict, { first = first, all = all, report = report }, sources)
  local good = #verdict.reasons == 0
  local specs = good and #verdict.run or 0
  local text = specs > 0 and json.encode(verdict) or candidate.report(verdict)
  return good, text, lines_of(held, told, verdict, sources), specs
end

--- What `check` says of the operator's scripts; their specs are not its business.
local function own_scripts()
  local count = 0
  for _, script in ipairs(candidate.scripts()) do
    if script.source == "operator" then count = count + 1 end
  end
  if count == 0 then return "" end
  return ("\n%d script%s of yours can be loaded; moongate spec runs their specs"):format(count, count > 1 and "s" or "")
end

--- For `moongate check`: the same without specs.
---@return boolean held
---@return string lines for a terminal
function judge.check()
  local held, told = init.check()
  if not held then return held, reasons.told(told, candidate.sources()) end
  return held, told .. own_scripts()
end

return judge
