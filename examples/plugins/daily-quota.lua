-- SPDX-License-Identifier: Apache-2.0
--- Lets each key (or, where the gateway is open, everybody together) make so many requests a day. The day is UTC's.

local clock = require "gateway.clock"
local shared = require "gateway.shared"

local DAY = 86400

local function before_request(ctx, conf)
  local now = clock.now()
  local left_of_day = DAY - now % DAY
  local key = ("daily-quota:%s:%d"):format(ctx.key and ctx.key.id or "", now / DAY)
  local used = shared.reserve(key, 1, conf.requests, left_of_day)
  ctx:set_header("X-Quota-Remaining", used and conf.requests - used or 0)
  if used then return end
  local headers = { ["Retry-After"] = math.ceil(left_of_day) }
  return ctx:reject { reason = "the day's requests are used up", headers = headers }
end

return {
  name = "daily-quota",
  type = "ratelimit",
  schema = { requests = { "integer", min = 1, required = true } },
  before_request = before_request,
}
