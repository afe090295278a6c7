-- SPDX-License-Identifier: Apache-2.0
--- Windows of time that money is counted in. All are those of UTC; weeks begin on Monday.

local DAY = 86400
local MONDAY = 3 * DAY -- the first day of 1970 was a Thursday

local windows = { names = { "hour", "day", "week", "month", "total" } }

--- Seconds a window lasts at most; nil for the one without end.
windows.span = { hour = 3600, day = DAY, week = 7 * DAY, month = 31 * DAY }

--- Months since the year 0 of a day since 1970, by a calendar whose years begin in March: leap days come last.
local function month_of(day)
  local z = day + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  return (yoe + era * 400) * 12 + math.floor((5 * doy + 2) / 153)
end

--- The number of the window that a moment lies in.
---@param window string
---@param now number Unix seconds
---@return integer
function windows.number(window, now)
  if window == "total" then return 0 end
  if window == "month" then return month_of(math.floor(now / DAY)) end
  return math.floor((now + (window == "week" and MONDAY or 0)) / windows.span[window])
end

return windows
