-- SPDX-License-Identifier: Apache-2.0
--- Dates as vendors write them, in Unix seconds.

local MONTHS = {
  Jan = 1, Feb = 2, Mar = 3, Apr = 4, May = 5, Jun = 6, Jul = 7, Aug = 8, Sep = 9, Oct = 10, Nov = 11, Dec = 12,
}

--- Days from 1 January 1970 to a date of the Gregorian calendar.
local function days(year, month, day)
  if month <= 2 then
    year, month = year - 1, month + 12
  end
  local centuries = math.floor(year / 100)
  return 365 * year + math.floor(year / 4) - centuries + math.floor(centuries / 4)
    + math.floor((153 * month - 457) / 5) + day - 719469
end

local function seconds(day, hour, minute, second)
  return ((day * 24 + tonumber(hour)) * 60 + tonumber(minute)) * 60 + tonumber(second)
end

--- "Sun, 06 Nov 1994 08:49:37 GMT".
---@param text string
---@return number?
local function of_http(text)
  local day, name, year, hour, minute, second =
    text:match("^%a+, (%d%d) (%a%a%a) (%d%d%d%d) (%d%d):(%d%d):(%d%d) GMT$")
  local month = name and MONTHS[name]
  return month and seconds(days(tonumber(year), month, tonumber(day)), hour, minute, second) or nil
end

--- "1994-11-06T08:49:37Z", with or without a fraction, which is left out.
---@param text string
---@return number?
local function of_iso(text)
  local year, month, day, hour, minute, second = text:match("^(%d%d%d%d)%-(%d%d)%-(%d%d)T(%d%d):(%d%d):(%d%d)[%d.]*Z$")
  if not year then return nil end
  return seconds(days(tonumber(year), tonumber(month), tonumber(day)), hour, minute, second)
end

return { of_http = of_http, of_iso = of_iso }
