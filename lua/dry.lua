-- SPDX-License-Identifier: Apache-2.0
--- What the plugins in front of a request would decide, without doing anything: their own code over doors that have no
--- effect (lua/dry_doors.lua), on a copy of the body.

local context = require "context"
local document = require "gateway.document"
local dry_doors = require "dry_doors"
local errors = require "errors"
local fault = require "fault"
local script = require "gateway.script"
local server = require "gateway.server"
local verdicts = require "verdict"

---@class DryDecision what one plugin would do
---@field plugin string
---@field type string
---@field decision "pass"|"rewrite"|"respond"|"reject"|"fault"|"unknown"
---@field status integer?
---@field code string?
---@field why string? of "unknown"

---@class DryRun what all of them together would do
---@field decisions DryDecision[]
---@field failure Failure? the request would end with it
---@field answer table? a plugin would answer in the provider's place
---@field text string? the body as they would leave it, where that is another
---@field certain boolean nobody's decision is unknown

local dry = {}

-- Plugins that do nothing --------------------------------------------------------------------------------------------

local made = {} -- by their live steps

local function step_make(live)
  local step = { name = live.name, type = live.type, conf = live.conf }
  server.pause(("plugins/%s.lua"):format(live.name))
  local plugin, problem = script.load_beside("plugins/" .. live.name, dry_doors.require())
  step.plugin, step.problem = plugin, not plugin and problem or nil
  return step
end

--- Loads the plugins of a chain once more: only while a generation is made its scripts are there to be loaded.
---@param chain Chain|false
function dry.build(chain)
  for _, live in ipairs(chain and chain.before_request or {}) do made[live] = step_make(live) end
end

--- Opened when it is asked for the first time: most are never asked.
local function step_of(live)
  local step = made[live]
  if step.is_open or step.problem or not step.plugin.open then return step end
  local opened, value = script.guard(step.plugin.open, live.conf)
  step.opened, step.is_open, step.problem = value, true, not opened and "it cannot be opened" or nil
  return step
end

-- A request ----------------------------------------------------------------------------------------------------------

local function yes() return true end

--- Stands for the call: nothing that a plugin asks of it does anything.
local function call_of(call)
  return {
    header = function(_, name) return call:header(name) end,
    key = function() return call:key() end,
    trace_id = function() return call:trace_id() end,
    field = yes,
  }
end

local function context_of(call, facts)
  return context.open(call_of(call), {
    model = facts.model, endpoint = facts.endpoint, stream = facts.stream, price = facts.price,
    body = (document.new(call:text())),
  })
end

-- Decisions ----------------------------------------------------------------------------------------------------------

local function told(step, decision, more)
  local report = { plugin = step.name, type = step.type, decision = decision }
  for name, value in pairs(more or {}) do report[name] = value end
  return report
end

local function failed(step, code)
  if not fault.closes(step.type) then return told(step, "fault", { code = code }) end
  local failure = errors.plugin
  return told(step, "fault", { code = code, status = failure.status }), failure
end

--- What a hook's end means.
---@return DryDecision, Failure?, table? answer
local function judge(step, token, verdict, before, after, value)
  if value ~= token then return failed(step, "script_error") end
  if not verdict then return told(step, before ~= after and "rewrite" or "pass") end
  if verdict.kind == "respond" then
    return told(step, "respond", { status = verdict.status }), nil, verdict
  end
  local failure = verdicts.rejection(verdict, step, "before_request")
  return told(step, "reject", { status = failure.status, code = failure.code }), failure
end

local function decide(step, ctx)
  if step.problem then return told(step, "unknown", { why = step.problem }) end
  local before = ctx.body:text()
  local ran, value, code = script.guard(step.plugin.before_request, ctx, step.conf, step.opened)
  local token, verdict = context.verdict(ctx)
  local why = dry_doors.why()
  if why then return told(step, "unknown", { why = why }) end
  if not ran then return failed(step, code) end
  return judge(step, token, verdict, before, ctx.body:text(), value)
end

--- Asks the plugins of a chain in their order, as lua/passage.lua does.
---@param steps Step[]
---@param call table whose body is the request's
---@param facts { model: string, endpoint: string, stream: boolean, price: Price? }
---@return DryRun
function dry.before(steps, call, facts)
  local ctx, run = context_of(call, facts), { decisions = {}, certain = true }
  dry_doors.begin()
  for _, live in ipairs(steps) do
    local report, failure, answer = decide(step_of(live), ctx)
    run.decisions[#run.decisions + 1] = report
    run.certain = run.certain and report.decision ~= "unknown"
    run.failure, run.answer = failure, answer or run.answer
    if failure then break end
  end
  run.text = ctx.body:changed() and ctx.body:text() or nil
  return run
end

return dry
