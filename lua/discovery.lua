-- SPDX-License-Identifier: Apache-2.0
--- Which models a provider has, as it says itself: asked in the background at an interval, by one worker at a time, and
--- told to all through shared memory. The last good answer stays until the next good one. No request waits for any of
--- this.

local clock = require "gateway.clock"
local crypto = require "gateway.crypto"
local endpoint = require "endpoint"
local errand = require "errand"
local log = require "gateway.log"
local metrics = require "gateway.metrics"
local model_names = require "model_names"
local schedule = require "gateway.schedule"
local shared = require "gateway.shared"

local discovery = {}

local TIMEOUT_MS = 20000
local ANSWER_BYTES = 8388608
local LOCK = 90            -- seconds; a turn ends within sixty
local LOOK_MS = 1000       -- how soon a worker sees what another has found
local APART_MS = 150       -- first turns, one behind the other
local PIECE = 60000        -- bytes of a shared value
local VERSION = "discovery:version"

---@class Discovered
---@field list string[] in the order of their bytes
---@field set table<string, true>

---@class DiscoveryTurn what is asked of one target
---@field target table
---@field key string of its list in shared memory
---@field ask fun(): string?, string? the body of a good answer; or nil and why there is none

local state = { turns = {}, version = 0 }

-- Shared memory ------------------------------------------------------------------------------------------------------

--- A list is written beside the one before, and then takes its place: nobody reads half of each.
local function store(key, text)
  local serial, before = shared.incr("discovery:serial", 1), shared.get(key)
  local pieces = math.ceil(#text / PIECE)
  for i = 1, pieces do
    local kept, problem = shared.set(("%s:%d:%d"):format(key, serial, i), text:sub((i - 1) * PIECE + 1, i * PIECE))
    if not kept then return nil, problem end
  end
  shared.set(key, ("%d:%d"):format(serial, pieces))
  local old, count = (before or ""):match "^(%d+):(%d+)$"
  for i = 1, tonumber(count) or 0 do shared.delete(("%s:%s:%d"):format(key, old, i)) end
  return true
end

local function stored(key)
  local serial, count = (shared.get(key) or ""):match "^(%d+):(%d+)$"
  if not serial then return nil end
  local pieces = {}
  for i = 1, tonumber(count) do
    pieces[i] = shared.get(("%s:%s:%d"):format(key, serial, i))
    if not pieces[i] then return nil end
  end
  return table.concat(pieces)
end

-- What is known ------------------------------------------------------------------------------------------------------

local function adopt(turn)
  local text = stored(turn.key)
  if not text or text == turn.text then return end
  local discovered = { list = {}, set = {} }
  for name in text:gmatch "[^\n]+" do
    discovered.list[#discovered.list + 1], discovered.set[name] = name, true
  end
  turn.text, turn.target.discovered = text, discovered
end

--- Takes in what any worker has found. True when there was something.
---@return boolean
function discovery.look()
  if #state.turns == 0 then return false end
  local version = shared.get(VERSION) or 0
  if version == state.version then return false end
  state.version = version
  for _, turn in ipairs(state.turns) do adopt(turn) end
  state.changed()
  return true
end

-- Asking -------------------------------------------------------------------------------------------------------------

---@class Found
---@field count integer? of names; nil: there is no good answer
---@field changed boolean? it says something new
---@field problem string?

local function tell(turn, begun, found)
  local target = turn.target
  local took = math.floor(clock.monotonic() - begun + 0.5)
  metrics.series("gateway_model_discovery_total", target.provider.name, found.count and "success" or "error"):add(1)
  local about = { target = target.name, provider = target.provider.name, duration_ms = took }
  if found.count then
    about.models, about.changed = found.count, found.changed
    log.info("models discovered", about)
  else
    about.error, about.kept = found.problem, target.discovered and #target.discovered.list or 0
    log.warn("models could not be discovered", about)
  end
end

--- Asks, and keeps a good answer.
---@return Found
local function find(turn)
  local text, problem = turn.ask()
  if not text then return { problem = problem } end
  local names, count = model_names.read(text)
  if not names then return { problem = count } end
  if names == stored(turn.key) then return { count = count, changed = false } end
  local kept, full = store(turn.key, names)
  if not kept then return { problem = full } end
  shared.incr(VERSION, 1)
  return { count = count, changed = true }
end

local function run(turn, settings)
  local lock, due = turn.key .. ":lock", turn.key .. ":due"
  if shared.get(due) or not shared.add(lock, shared.worker(), LOCK) then return end
  local rest = math.max(settings.interval / 1000 * (1 - settings.jitter) * 0.9, 0.5)
  shared.set(due, 1, rest)
  local begun = clock.monotonic()
  tell(turn, begun, find(turn))
  shared.delete(lock, shared.worker())
  discovery.look()
end

---@return fun(): string?, string?
local function asker(target, place)
  return function()
    local answer, message = errand.get(target, place, { timeout_ms = TIMEOUT_MS, max_bytes = ANSWER_BYTES })
    if not answer then return nil, message end
    if answer.status ~= 200 then return nil, ("status %d"):format(answer.status) end
    return answer.body
  end
end

-- Beginning ----------------------------------------------------------------------------------------------------------

--- Where a target is asked; nil for one that cannot be, or has a list of the operator's to go by.
---@return DiscoveryTurn?
local function turn_of(target)
  local path = target.provider.paths and target.provider.paths.models
  if not target.available or not target.endpoint or not path then return nil end
  if target.instance and next(target.model_set) then return nil end
  local place = endpoint.place(target.endpoint, path)
  if not place then return nil end
  local key = ("discovery:%s:%s"):format(target.name, crypto.sha256(place.origin .. place.path))
  return { target = target, key = key, ask = asker(target, place) }
end

--- Once for each generation and worker. What was found before is known at once; nothing is asked here.
---@param settings { interval: integer, jitter: number } milliseconds, 0 = off; a share of it
---@param targets table[]
---@param changed fun() called when something new is known
function discovery.open(settings, targets, changed)
  state = { turns = {}, version = 0, changed = changed }
  if settings.interval == 0 then return end
  for _, target in ipairs(targets) do state.turns[#state.turns + 1] = turn_of(target) end
  if #state.turns == 0 then return end
  discovery.look()
  schedule.every(LOOK_MS, LOOK_MS, 0, discovery.look)
  for i, turn in ipairs(state.turns) do
    schedule.every(i * APART_MS, settings.interval, settings.jitter, function() run(turn, settings) end)
  end
end

discovery.run = run -- for its spec

return discovery
