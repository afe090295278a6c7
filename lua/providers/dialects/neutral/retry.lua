-- SPDX-License-Identifier: Apache-2.0
--- How long a vendor asks us to wait: `retry-after` in seconds or as an HTTP date, `retry-after-ms`, and the plainest
--- form of `x-ratelimit-reset`.

local dates = require "providers.dialects.neutral.dates"

-- A reset that lies further off is a date or a counter in another unit.
local LONGEST_RESET = 24 * 3600

--- The vendor's own `date` header beats our clock: both ends of the difference then come from one machine.
local function until_date(text, headers, now)
  local at = dates.of_http(text)
  local from = headers.date and dates.of_http(headers.date) or now
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
