-- SPDX-License-Identifier: Apache-2.0
--- Targets that are asked whether they answer, though nobody has a request for them: `health_check` of a target. One
--- worker at a time asks each; what it finds all workers go by.
---
--- Whose turn it is, is a key of shared memory: who adds it asks, and no other check of the target begins before this
--- one is over. The key of a worker that is gone is anybody's.

local clock = require "gateway.clock"
local crypto = require "gateway.crypto"
local endpoint = require "endpoint"
local errand = require "errand"
local events = require "events"
local log = require "gateway.log"
local schedule = require "gateway.schedule"
local shared = require "gateway.shared"

local health_check = {}

local ANSWER_BYTES = 1048576
local APART_MS = 20   -- first turns, one behind the other
local SHARE = 0.9     -- of the interval: before that nobody asks again; timers are not exact
local KEPT_S = 86400  -- how long a count of checks is remembered that nobody adds to

---@class HealthCheck
---@field interval integer milliseconds
---@field path string?
---@field timeout integer milliseconds
---@field unhealthy_after integer failures in a row
---@field healthy_after integer good answers in a row

-- What an answer says ------------------------------------------------------------------------------------------------

--- Credentials and limits have states of their own.
local ALIVE = { [401] = true, [403] = true, [429] = true }

--- Whether an answer is a sign of life. Where nobody wrote a path the provider may well have nothing there.
---@param status integer
---@param written boolean the operator wrote the path
---@return boolean
function health_check.is_alive(status, written)
  if status >= 200 and status <= 299 or ALIVE[status] then return true end
  return not written and status < 500
end

--- One check's outcome after the others: good ones in a row count up from 1, failed ones down from -1.
---@param before integer
---@param good boolean
---@return integer
function health_check.count(before, good)
  if good then return before > 0 and before + 1 or 1 end
  return before < 0 and before - 1 or -1
end

-- Turns --------------------------------------------------------------------------------------------------------------

---@class CheckTurn
---@field target Target
---@field place Place
---@field key string

local function tell(turn, subject, message, problem)
  local target = turn.target
  local fields = { target = target.name, provider = target.provider.name, error = problem }
  log[problem and "warn" or "info"](message, fields)
  events.emit(subject, { target = target.name, provider = target.provider.name })
end

--- Takes a check's outcome in.
---@param turn CheckTurn
---@param problem string? why the target does not answer
local function settle(turn, problem)
  local target, check, key = turn.target, turn.target.check, turn.key .. ":row"
  local row = health_check.count(tonumber(shared.get(key)) or 0, problem == nil)
  shared.set(key, row, KEPT_S)
  local unhealthy = target.cell:figures().unhealthy
  if not unhealthy and row <= -check.unhealthy_after then
    target.cell:unhealthy(true)
    tell(turn, "gateway.target.unhealthy", "target unhealthy", problem)
  elseif unhealthy and row >= check.healthy_after then
    target.cell:unhealthy(false)
    tell(turn, "gateway.target.healthy", "target healthy")
  end
end

--- Whether it is this worker's turn. Then `leave_turn` ends it.
local function take_turn(turn)
  local check, due, lock = turn.target.check, turn.key .. ":due", turn.key .. ":lock"
  if shared.get(due) then return false end
  local holder = shared.get(lock)
  if holder and not shared.alive(holder) then shared.delete(lock, holder) end
  if not shared.add(lock, shared.worker(), check.timeout / 1000 + 1) then return false end
  shared.set(due, 1, check.interval * SHARE / 1000)
  return true
end

local function leave_turn(turn)
  shared.delete(turn.key .. ":lock", shared.worker())
end

--- Asks. Waits.
---@return string? problem why the target does not answer
local function ask(turn)
  local check = turn.target.check
  local answer, message = errand.get(turn.target, turn.place, {
    timeout_ms = check.timeout, max_bytes = ANSWER_BYTES,
  })
  if not answer then return message end
  if not health_check.is_alive(answer.status, check.path ~= nil) then return ("status %d"):format(answer.status) end
end

local function run(turn)
  if not take_turn(turn) then return end
  local begun = clock.monotonic()
  local problem = ask(turn)
  log.debug("target checked", {
    target = turn.target.name, duration_ms = math.floor(clock.monotonic() - begun + 0.5), error = problem,
  })
  settle(turn, problem)
  leave_turn(turn)
end

--- Where the check asks: the path of the configuration, below the root, or the list of models.
local function place_of(target)
  local paths = target.provider.paths
  local path = target.check.path or paths and paths.models
  return path and endpoint.place(target.endpoint, path) or { origin = target.origin, path = target.base_path .. "/" }
end

---@return CheckTurn? nil: there is nothing to ask
local function turn_of(target)
  if not target.check or not target.available or not target.endpoint then return nil end
  local place = place_of(target)
  local facts = target.cell_key .. place.origin .. place.path
  return { target = target, place = place, key = "check:" .. crypto.sha256(facts):sub(1, 32) }
end

--- Once for each generation and worker. Nothing is asked here.
---@param targets Target[]
function health_check.open(targets)
  local count = 0
  for _, target in ipairs(targets) do
    local turn = turn_of(target)
    if turn then
      count = count + 1
      schedule.every(count * APART_MS, target.check.interval, 0, function() run(turn) end)
    end
  end
end

health_check.run, health_check.turn_of = run, turn_of -- for its spec

return health_check
