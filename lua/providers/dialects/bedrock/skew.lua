-- SPDX-License-Identifier: Apache-2.0
--- What time it is for AWS, which takes no signature that is more than five minutes off. A refusal for that tells its
--- own time; the difference is kept for all workers.

local clock = require "gateway.clock"
local shared = require "gateway.shared"

local dates = require "providers.dialects.neutral.dates"

local KEY, KEPT = "aws:skew", 3600 -- seconds
local TAKEN = 240 -- a smaller difference is not why a signature was refused

--- Reads a refusal's date.
---@param date string? its header
---@return boolean changed signatures will be another time's
local function learn(date)
  local theirs = date and dates.of_http(date)
  local off = theirs and theirs - clock.now()
  if not off or math.abs(off - (shared.get(KEY) or 0)) < TAKEN then return false end
  shared.set(KEY, off, KEPT)
  return true
end

---@return number Unix seconds
local function now()
  return clock.now() + (shared.get(KEY) or 0)
end

return { learn = learn, now = now }
