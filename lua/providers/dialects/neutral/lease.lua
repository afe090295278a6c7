-- SPDX-License-Identifier: Apache-2.0
--- Secrets that end: access tokens. One for all workers, kept in gateway.shared; the next one is fetched ahead, off the
--- answer's path and by one worker at a time, while the present one still holds. Only where there is none does a
--- request wait, and then one of them asks for all.

local clock = require "gateway.clock"
local json = require "gateway.json"
local log = require "gateway.log"
local shared = require "gateway.shared"
local task = require "gateway.task"

-- Seconds. A failure is told to all who wait, and to those of the next moment; a fetch ahead that failed is not tried
-- again at once.
local AHEAD, AGAIN, FETCHING, FAILED = 300, 30, 15, 2
local LONGEST = 86400 -- whatever a vendor promises
local WAIT_MS, STEP_MS = 10000, 20

---@class LeaseSource
---@field name string key in gateway.shared: who asks
---@field what string for the log
---@field fetch fun(): string?, number|Failure the secret and how many seconds it holds, or nil and why not. Waits

---@class Lease
---@field secret string
---@field ends number Unix seconds
---@field holds number seconds that it held from the beginning

---@return Lease?
local function kept(source)
  local text = shared.get(source.name)
  return type(text) == "string" and json.decode(text) or nil
end

local function keep(source, secret, holds)
  if holds <= 0 then return end
  holds = math.min(holds, LONGEST)
  shared.set(source.name, json.encode { secret = secret, ends = clock.now() + holds, holds = holds }, holds)
end

--- Fetches and keeps; a failure is kept for a moment, too.
local function fetch(source)
  local secret, more = source.fetch()
  if secret then
    shared.delete(source.name .. ":failed")
    keep(source, secret, more)
    return secret
  end
  shared.set(source.name .. ":failed", json.encode(more), FAILED)
  return nil, more
end

local function refresh(source)
  local secret, failure = fetch(source)
  if secret then
    shared.delete(source.name .. ":ahead")
  else
    log.warn("a credential could not be renewed; the present one is still used", {
      what = source.what, error = failure.message,
    })
  end
end

--- Five minutes before the end, or half of what a short one holds.
local function is_late(lease)
  return lease.ends - clock.now() <= math.min(AHEAD, lease.holds / 2)
end

local function look_ahead(source, lease)
  if is_late(lease) and shared.add(source.name .. ":ahead", 1, AGAIN) then task.later(refresh, source) end
end

--- What the others have found; false while they are at it.
local function found_by_others(source)
  local lease = kept(source)
  if lease then return lease.secret end
  local failed = shared.get(source.name .. ":failed")
  if failed then return nil, json.decode(failed) end
  return false
end

local function too_long(source)
  return {
    status = 504, type = "timeout_error", code = "upstream_timeout",
    message = ("the gateway waited too long for its %s"):format(source.what),
  }
end

--- The first to come asks, the others wait for what it finds.
local function first(source)
  local until_ms = clock.monotonic() + WAIT_MS
  repeat
    if shared.add(source.name .. ":fetching", 1, FETCHING) then
      local secret, failure = found_by_others(source)
      if secret == false then secret, failure = fetch(source) end
      shared.delete(source.name .. ":fetching")
      return secret, failure
    end
    clock.sleep(STEP_MS)
    local secret, failure = found_by_others(source)
    if secret ~= false then return secret, failure end
  until clock.monotonic() > until_ms
  return nil, too_long(source)
end

--- The secret. May wait.
---@param source LeaseSource
---@return string? secret, Failure? failure
local function get(source)
  local lease = kept(source)
  if not lease then return first(source) end
  look_ahead(source, lease)
  return lease.secret
end

--- Whoever gave the secret does not take it any longer: the next call fetches another. True when there was one.
---@param source LeaseSource
---@return boolean
local function drop(source)
  return shared.delete(source.name)
end

return { get = get, drop = drop }
