-- SPDX-License-Identifier: Apache-2.0
--- What a plugin finds behind the doors while it is asked what it would do, and must do nothing: the values of all
--- workers as they are, with its own changes on top that end with the question; clocks that do not wait, logs and
--- metrics that nobody reads. What cannot be known without doing it ends the hook: then nobody knows.

local clock = require "gateway.clock"
local log = require "gateway.log"
local shared = require "gateway.shared"
local shadow_doors = require "shadow_doors"

local dry_doors = {}


--- What belongs to the question that is being asked: one at a time, for nothing here waits.
---@type { values: table, taken: table<string, number>, why: string? }
local world = { values = {}, taken = {} }

local GONE = {} -- stands for a value that was deleted

--- Ends the hook, also through its own pcall: whoever asks looks at `why`.
local function unknown(why)
  world.why = world.why or why
  error("this cannot be known without doing it", 0)
end

local function nothing() end

local function yes() return true end

local function no() return false end

-- Values -------------------------------------------------------------------------------------------------------------

local values = {}

function values.get(key)
  local own = world.values[key]
  if own == GONE then return nil end
  if own ~= nil then return own end
  return (shared.get(key))
end

function values.set(key, value)
  world.values[key] = value
  return true
end

function values.add(key, value)
  return values.get(key) == nil and values.set(key, value)
end

function values.delete(key, value)
  local held = values.get(key)
  if held == nil or value ~= nil and held ~= value then return false end
  world.values[key] = GONE
  return true
end

function values.incr(key, by)
  local sum = (values.get(key) or 0) + by
  world.values[key] = sum
  return sum
end

function values.reserve(key, by, limit)
  local held = values.get(key) or 0
  if held + by > limit then return nil, held end
  return values.incr(key, by)
end

function values.ttl(key) return shared.ttl(key) end

function values.expire(key) return values.get(key) ~= nil end

--- What a bucket holds: nothing is taken from it, nor put into it.
local function left_of(key, rate, burst)
  return shared.settle(key, rate, burst, 0) - (world.taken[key] or 0)
end

function values.take(key, rate, burst, amount)
  local left = left_of(key, rate, burst)
  amount = amount or 1
  if amount > left then return false, (amount - left) / rate, left end
  world.taken[key] = (world.taken[key] or 0) + amount
  return true, left - amount
end

function values.settle(key, rate, burst, amount)
  world.taken[key] = (world.taken[key] or 0) - amount
  return left_of(key, rate, burst)
end

values.worker, values.alive = shared.worker, shared.alive

--- A look at the cache is counted.
values.cache = {
  get = function() unknown "it looks into the cache" end,
  set = yes, add = yes, delete = no, stats = shared.cache.stats,
}

-- All of them --------------------------------------------------------------------------------------------------------

local DOORS = {
  ["gateway.shared"] = values,
  ["gateway.http"] = { fetch = function() unknown "it asks another service" end },
  ["gateway.task"] = { later = yes },
  ["gateway.metrics"] = { count = nothing },
  ["gateway.log"] = { debug = nothing, info = nothing, warn = nothing, error = nothing, redacted = log.redacted },
  ["gateway.clock"] = { now = clock.now, monotonic = clock.monotonic, iso = clock.iso, sleep = nothing },
}

--- A `require` for a plugin and its parts, which are loaded for it alone.
---@return fun(name: string): any
function dry_doors.require()
  return shadow_doors.over(DOORS)
end

--- A new question: what was changed for the one before is forgotten.
function dry_doors.begin()
  world = { values = {}, taken = {} }
end

--- The next plugin's turn. Returns why the one before could not go on; nil: it could.
---@return string? why
function dry_doors.why()
  local why = world.why
  world.why = nil
  return why
end

dry_doors.values = values

return dry_doors
