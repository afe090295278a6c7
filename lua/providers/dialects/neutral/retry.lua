-- SPDX-License-Identifier: Apache-2.0
--- How long a vendor asks us to wait: `retry-after` in seconds or as an HTTP date, `retry-after-ms`, and the plainest
--- form of `x-ratelimit-reset`.

-- A reset that lies further off is a date or a counter in another unit.
local LONGEST_RESET = 24 * 3600

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

--- Unix seconds of an HTTP date such as "Sun, 06 Nov 1994 08:49:37 GMT", or nil.
local function http_date(text)
  local day, name, year, hour, minute, second =
    text:match("^%a+, (%d%d) (%a%a%a) (%d%d%d%d) (%d%d):(%d%d):(%d%d) GMT$")
  local month = name and MONTHS[name]
  if not month then return nil end
  return ((days(tonumber(year), month, tonumber(day)) * 24 + tonumber(hour)) * 60 + tonumber(minute)) * 60
    + tonumber(second)
end

--- The vendor's own `date` header beats our clock: both ends of the difference then come from one machine.
local function until_date(text, headers, now)
  local at = http_date(text)
  local from = headers.date and http_date(headers.date) or now
  return at and from and at - from
end

local function decimal(text)
  return text and text:match("^%s*%d+%.?%d*%s*$") and tonumber(text)
end

local function asked(headers, now)
  local milliseconds = decimal(headers["retry-after-ms"])
  if milliseconds then return milliseconds / 1000 end
  local after = headers["retry-after"]
  if after then return decimal(after) or until_date(after, headers, now) end
  local reset = decimal(headers["x-ratelimit-reset"])
  return reset and reset <= LONGEST_RESET and reset or nil
end

--- Whole seconds until another try makes sense; nil when the vendor names no time.
---@param headers table<string, string> names in lower case
---@param now number? Unix seconds, for a date that comes without a `date` header
---@return integer?
local function after(headers, now)
  local seconds = asked(headers, now)
  return seconds and math.ceil(math.max(seconds, 0))
end

return { after = after }
