-- SPDX-License-Identifier: Apache-2.0
--- One decision of a shadow's, made on copies, in the words in which the live one is told: never a word of a prompt.

local context = require "context"
local crypto = require "gateway.crypto"
local document = require "gateway.document"
local schema = require "schema"
local script = require "gateway.script"
local shadow_routing = require "shadow_routing"
local verdicts = require "verdict"

local shadow_run = {}

-- Decisions in words -------------------------------------------------------------------------------------------------

--- What tells one text from another without showing it.
local function mark(text) return crypto.sha256(text):sub(1, 16) end

--- Only the place of a fault: its message may hold what a client wrote.
local function place_of(problem)
  return type(problem) == "string" and problem:match "^(%S+%.lua:%d+)" or "unknown"
end

--- What a hook came to: a failure (of a reject, or of a fault), an answer of its own, or the text it left.
---@param failure Failure?
---@param given Answer?
---@param before string?
---@param after string?
function shadow_run.decision(failure, given, before, after)
  if failure and failure.rejected then
    return { verdict = "reject", status = failure.status, code = failure.code }
  end
  if failure then return { fault = true, code = failure.code } end
  if given then return { verdict = "respond", status = given.status, text = mark(given.text or "") } end
  if after and before and after ~= before then return { verdict = "rewrite", text = mark(after) } end
  return { verdict = "none" }
end

-- Plugins ------------------------------------------------------------------------------------------------------------

--- What answers for the call, which is over.
local function call_of(seen)
  local key = seen.key
  return {
    header = function(_, name) return seen.headers[name:lower()] end,
    key = function()
      if key then return key.id, key.name, key.scopes[1] == "admin" end
    end,
    trace_id = function() return seen.trace_id end,
    field = function() return true end,
  }
end

--- One context for all hooks of a request, so that ctx.state lasts.
local function context_of(seen, memory)
  local body = seen.request and document.new(seen.request) or nil
  if not memory.ctx then
    memory.ctx = context.open(call_of(seen), {
      model = seen.model, endpoint = seen.endpoint, stream = seen.stream, body = body,
    })
  end
  context.note(memory.ctx, {
    body = body, usage = seen.usage, target = seen.target, provider = seen.provider,
  })
  if seen.answer then context.answer(memory.ctx, { status = seen.status, text = seen.answer }) end
  return memory.ctx
end

local function settle(step, seen, ctx, ran, value, code)
  local token, verdict = context.verdict(ctx)
  if not ran then return { fault = true, code = code, place = place_of(value) } end
  if value ~= token then return { fault = true, code = "script_error", place = "its result" } end
  local after = seen.hook == "after_request"
  local left = after and ctx.response and ctx.response.body or ctx.body
  local failure = verdict and verdict.kind == "reject" and verdicts.rejection(verdict, step, seen.hook) or nil
  return shadow_run.decision(failure, verdict and not failure and verdict or nil, after and seen.answer or seen.request,
    left and left:text())
end

--- Runs the candidate's hook on what the live one saw.
function shadow_run.hook(step, seen, memory)
  local ctx = context_of(seen, memory)
  return settle(step, seen, ctx, script.guard(step.plugin[seen.hook], ctx, step.conf, step.opened))
end

-- Strategies ---------------------------------------------------------------------------------------------------------

--- Targets as a strategy may read them, so that it changes none.
function shadow_run.copies(targets)
  local copies = {}
  for i, target in ipairs(targets) do
    local copy = {}
    for name, value in pairs(target) do
      if type(value) ~= "table" and type(value) ~= "userdata" then copy[name] = value end
    end
    copies[i] = copy
  end
  return copies
end

--- Names of an order that begins somewhere and goes round.
---@param order table[]
---@param start integer?
---@return string[]
function shadow_run.names(order, start)
  local names, count = {}, #order
  for i = 1, count do
    local target = order[((start or 1) + i - 2) % count + 1]
    names[i] = type(target) == "table" and target.name or "unknown"
  end
  return names
end

--- The live block, with the defaults of what the candidate's `config` wants beside it.
local function block_of(strategy, live)
  local block, config = {}, type(live.config) == "table" and live.config or {}
  for name, value in pairs(live) do block[name] = value end
  local typed = schema.check_value({}, { "record", fields = strategy.schema or {} })
  for name, value in pairs(config) do typed[name] = value end
  block.config = typed
  return block
end

local function choose(strategy, seen)
  local targets = seen.targets
  local block = block_of(strategy, seen.routing.conf)
  local opened = strategy.open and strategy.open(block, targets)
  return strategy.choose(targets, shadow_routing.show(seen.routing, targets, block, opened))
end

--- The order in which the candidate would ask.
---@param strategy Strategy
function shadow_run.choose(strategy, seen)
  local ran, order, more = script.guard(choose, strategy, seen)
  if not ran then return { fault = true, code = more, place = place_of(order) } end
  if type(order) ~= "table" then return { fault = true, code = "script_error", place = "its result" } end
  return { order = shadow_run.names(order, type(more) == "number" and more or nil) }
end

return shadow_run
