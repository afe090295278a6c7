-- SPDX-License-Identifier: Apache-2.0
--- What a shadow finds behind the doors through which it could have an effect: shared values of its own, a network
--- where nobody answers, clocks that do not wait, logs and metrics that nobody reads.

local clock = require "gateway.clock"
local log = require "gateway.log"
local script = require "gateway.script"
local shared = require "gateway.shared"

local shadow_doors = {}

local KEYS = "shadow:"

local function nothing() end

local function no() return false end

local VALUES = { "get", "set", "add", "incr", "reserve", "delete", "ttl", "expire", "take", "settle" }
local CACHE = { "get", "set", "add", "delete" }

--- Functions of gateway.shared over keys that only shadows see.
local function apart(functions, names)
  local own = {}
  for _, name in ipairs(names) do
    own[name] = function(key, ...)
      if type(key) == "string" then key = KEYS .. key end
      return functions[name](key, ...)
    end
  end
  return own
end

local function doubles()
  local values = apart(shared, VALUES)
  values.cache = apart(shared.cache, CACHE)
  values.cache.stats = shared.cache.stats
  return {
    ["gateway.shared"] = values,
    ["gateway.http"] = { fetch = function() return nil, "a shadow calls nobody", "not_allowed" end },
    ["gateway.task"] = { later = no },
    ["gateway.metrics"] = { count = nothing },
    ["gateway.log"] = { debug = nothing, info = nothing, warn = nothing, error = nothing, redacted = log.redacted },
    ["gateway.clock"] = { now = clock.now, monotonic = clock.monotonic, iso = clock.iso, sleep = nothing },
  }
end

--- A `require` for a script and its parts, which are loaded for it alone, over doors that stand for others.
---@param doors table<string, table> by the names of modules
---@return fun(name: string): any
function shadow_doors.over(doors)
  local parts = {}
  local function own_require(name)
    if type(name) == "string" and doors[name] then return doors[name] end
    local is_part = type(name) == "string" and name:find("%.") and not name:find "^gateway%."
    if not is_part then return script.require(name) end
    if parts[name] == nil then
      local value, message = script.load_beside(name:gsub("%.", "/"), own_require)
      if value == nil then error(message, 0) end
      parts[name] = value
    end
    return parts[name]
  end
  return own_require
end

--- The same for a candidate.
---@return fun(name: string): any
function shadow_doors.require()
  return shadow_doors.over(doubles())
end

return shadow_doors
