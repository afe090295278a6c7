-- SPDX-License-Identifier: Apache-2.0
--- Moments as the admin API writes them: RFC 3339 in UTC, with nanoseconds.

local timestamp = {}

local DAY = 86400

--- Year, month and day of a number of days since 1970-01-01 (Howard Hinnant's civil_from_days).
local function date_of(days)
  days = days + 719468
  local era = math.floor(days / 146097)
  local day_of_era = days - era * 146097
  local year_of_era = math.floor((day_of_era - math.floor(day_of_era / 1460) + math.floor(day_of_era / 36524)
    - math.floor(day_of_era / 146096)) / 365)
  local day_of_year = day_of_era - (365 * year_of_era + math.floor(year_of_era / 4) - math.floor(year_of_era / 100))
  local shifted = math.floor((5 * day_of_year + 2) / 153)
  local month = shifted < 10 and shifted + 3 or shifted - 9
  local year = year_of_era + era * 400 + (month <= 2 and 1 or 0)
  return year, month, day_of_year - math.floor((153 * shifted + 2) / 5) + 1
end

--- 1785578400.5 -> "2026-08-01T10:00:00.500000000Z"
---@param seconds number since 1970, with a fraction
---@return string
function timestamp.text(seconds)
  local microseconds = math.floor(seconds * 1e6 + 0.5) -- a double holds no more of a moment of these years
  local whole = math.floor(microseconds / 1e6)
  local nanoseconds = (microseconds - whole * 1e6) * 1000
  local days = math.floor(whole / DAY)
  local rest = whole - days * DAY
  local year, month, day = date_of(days)
  return ("%04d-%02d-%02dT%02d:%02d:%02d.%09dZ"):format(year, month, day, math.floor(rest / 3600),
    math.floor(rest / 60) % 60, rest % 60, nanoseconds)
end

return timestamp
