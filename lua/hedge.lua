-- SPDX-License-Identifier: Apache-2.0
--- A target that takes longer than it should is not given up: after `delay` the next one of the order is asked beside
--- it. Who has a good answer first (for a stream: its first content) delivers it, by the ways of its own target; the
--- others are cut off there and then, which is nobody's failure. One that fails leaves the others running; when all
--- have failed, the walk goes on behind them.
---
--- Each is a race:start of its own, with a request of its own: what a try writes down is its own until it has won.
--- `request.win` is called where an answer is about to be shown to anybody: plugins, counters, the client.

local health = require "gateway.health"
local metrics = require "gateway.metrics"
local race = require "gateway.race"
local task = require "gateway.task"
local tries = require "tries"

---@class HedgeConf `strategy.hedge`
---@field delay integer|"p95" milliseconds
---@field max integer how many are asked beside the first

---@class Entrant one target of a race
---@field race Race
---@field index integer 1: the one that was asked first
---@field target Target
---@field request Request
---@field over boolean?
---@field told boolean? it is among those that have ended, or was cut off
---@field answered true?
---@field failure Failure?
---@field reason string?
---@field wait_ms number?

---@class Race
---@field door userdata
---@field call table
---@field plan Plan
---@field entrants Entrant[]
---@field ended Entrant[] in the order in which they have
---@field winner Entrant?

local hedge = { open = race.open }

-- When ---------------------------------------------------------------------------------------------------------------

local SAMPLES_LEAST = 20 -- fewer say nothing about the slowest in twenty
local SOON_MS = 16 -- the clock of waits does not tell less apart

local cell, number = {}, {}

local function read(what)
  health.read(cell, what, number)
  return number[1]
end

--- How long nineteen of twenty answers take there; nil as long as nobody knows.
local function p95_of(route, stream)
  cell[1] = route.cell
  if read(stream and "first_samples" or "whole_samples") < SAMPLES_LEAST then return nil end
  local p95 = read(stream and "first_token_p95" or "p95")
  return p95 >= 0 and math.max(p95, SOON_MS) or nil
end

-- Who ----------------------------------------------------------------------------------------------------------------

--- A try that shares nothing with another one. The client's body is spliced and sent without a wait in between, unless
--- the target wants it signed, or may get it once more with another credential: then another try's splices might be
--- signed, or sent. What a dialect has made of OpenAI's form is its own.
local function fits(request, target, route)
  if target.sign or target.several then return route.kind == "translated" and not request.surface.face end
  return route.kind == "translated" or route.kind == "own"
end

--- The delay after which another target is asked beside this one, in milliseconds; nil: nobody is.
---@param conf HedgeConf?
---@param request Request
---@param route Route
---@return number? delay
function hedge.delay(conf, request, target, route)
  if not conf or request.surface.name ~= "chat" or not fits(request, target, route) then return nil end
  local visit = request.visit
  if visit and visit.chain.on_chunk then return nil end -- it would see two streams
  if conf.delay == "p95" then return p95_of(route, request.stream) end
  return conf.delay
end

-- The race -----------------------------------------------------------------------------------------------------------

local function count(entrant, outcome)
  if entrant.index > 1 then metrics.series("gateway_hedges_total", entrant.target.name, outcome):add(1) end
end

--- It is cut off: what it holds at its target is given back, and a job that it has begun is undone. How long it took
--- until now is what an answer takes there at least: else p95 would be that of the quick ones alone.
local function lose(entrant)
  local request, call = entrant.request, entrant.race.call
  if request.undo then task.later(request.undo) end
  request.undo = nil
  if request.inside then request.inside:lose(call, request.stream) end
  request.inside, entrant.over, entrant.told = nil, true, true
  count(entrant, "lost")
end

--- What is told of the call is told of the one that answers.
local function tell(winner)
  local request, target, plan, call = winner.request, winner.target, winner.race.plan, winner.race.call
  local route = plan.routes[target]
  call:note_won(request.model, plan.model, target.provider.name, target.name, route.textual, route.price_in,
    route.price_out)
  if request.visit then request.visit.target = target end
  call:note_hedge(winner.index > 1 and "won" or "lost")
end

--- An answer is about to be shown: the others are over. Does nothing the second time.
---@param request Request
function hedge.win(request)
  local winner = request.entrant
  local run = winner.race
  if run.winner then return end
  run.winner = winner
  run.door:keep(winner.index)
  for _, entrant in ipairs(run.entrants) do
    if entrant ~= winner and not entrant.over then lose(entrant) end
    entrant.told = entrant.told or entrant ~= winner
  end
  count(winner, "won")
  if #run.entrants > 1 then tell(winner) end
end

local function go(entrant)
  local run = entrant.race
  entrant.answered, entrant.failure, entrant.reason, entrant.wait_ms =
    tries.run(run.call, entrant.request, run.plan, entrant.target)
  entrant.over = true
end

local function add(run, request, target)
  local own = {}
  for name, value in pairs(request) do own[name] = value end
  local entrant = { race = run, index = #run.entrants + 1, target = target, request = own }
  own.win, own.entrant, own.context, own.failure, own.undo = hedge.win, entrant, nil, nil, nil
  own.moved = request.moved or entrant.index > 1
  run.entrants[entrant.index] = entrant
  run.door:start(go, entrant)
end

--- Asks a further one, if there is one and it is worth it.
local function add_beside(run, request, supply)
  if run.call:drained() then return false end -- nobody waits for the answer
  local target = supply:next()
  if not target then return false end
  local fit = fits(request, target, run.plan.routes[target])
  if fit and health.spend() then
    supply:asked()
    add(run, request, target)
    return true
  end
  if fit then metrics.series("gateway_hedges_total", target.name, "refused"):add(1) end
  supply:back(target)
  return false
end

--- Also one that ended in the same turn as the last: what it has to say counts, too.
local function is_any_left(run)
  for _, entrant in ipairs(run.entrants) do
    if not entrant.told then return true end
  end
  return false
end

--- Whoever still runs is over, too: another would be told the same.
local function stop(run)
  for _, entrant in ipairs(run.entrants) do
    if not entrant.over then lose(entrant) end
  end
end

--- One has ended. True when the race has.
local function is_over(run, entrant)
  run.ended[#run.ended + 1], entrant.told = entrant, true
  if entrant.answered then
    hedge.win(entrant.request)
    return true
  end
  if run.winner ~= entrant then count(entrant, "lost") end -- else a plugin has refused what it won with
  local final = entrant.failure and entrant.failure.final
  if final then
    run.door:keep(entrant.index)
    stop(run)
  end
  return final or not is_any_left(run)
end

--- What the one that ended it has written down counts for the request.
local function take_over(request, own)
  for name, value in pairs(own) do request[name] = value end
  request.win, request.entrant, request.inside = nil, nil, nil
end

--- Asks a target, and others beside it.
---@param call table
---@param request Request
---@param plan Plan
---@param target Target
---@param conf HedgeConf
---@param delay number milliseconds
---@param supply Supply the order behind this target
---@return Entrant[] ended those that have ended, the last of which answered or failed; its request is taken over
function hedge.run(call, request, plan, target, conf, delay, supply)
  local run = { door = hedge.open(call), call = call, plan = plan, entrants = {}, ended = {} }
  local left, patience = conf.max, delay
  add(run, request, target)
  repeat
    local index = run.door:await(patience)
    local over = index and is_over(run, run.entrants[index])
    local waits = not index and not run.winner and left > 0
    if waits then left = left - 1 end
    if not (waits and add_beside(run, request, supply) and left > 0) then patience = nil end
  until over
  take_over(request, run.ended[#run.ended].request)
  return run.ended
end

return hedge
