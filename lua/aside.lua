-- SPDX-License-Identifier: Apache-2.0
--- Targets that a walk passes by, for later or for good.

local aside = {}

local SOON_MS = 1000 -- when nobody says how long

---@class Aside who was passed by; nil as long as nobody was
---@field busy Target[]
---@field throttled Target[]
---@field down Target[]
---@field wait number? milliseconds until the first that is down may be tried

--- Whether a target is not asked at all.
---@param reason string? see tries.run
function aside.is_down(reason)
  return reason == "open" or reason == "unhealthy"
end

--- Keeps a target.
---@param list Aside?
---@return Aside
function aside.put(list, target, reason, wait_ms)
  list = list or { busy = {}, throttled = {}, down = {} }
  local place = list[reason] or list.down
  place[#place + 1] = target
  if aside.is_down(reason) then list.wait = math.min(list.wait or math.huge, wait_ms or SOON_MS) end
  return list
end

--- What would keep a target from being asked now. Nobody is asked and nothing is taken.
---@param plan Plan
---@param target Target
---@param soon boolean it is not to be waited for: see tries.run
---@return string? reason
---@return number? wait_ms
function aside.hindrance(plan, target, soon)
  local reason, wait_ms = plan.routes[target].cell:look()
  if reason and (soon or aside.is_down(reason)) then return reason, wait_ms end
end

return aside
