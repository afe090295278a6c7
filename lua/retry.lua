-- SPDX-License-Identifier: Apache-2.0
--- When and after what pause the same target is asked again (gateway-api 3.5).

local random = require "gateway.random"

local MOST_WAIT_MS = 30000 -- a longer Retry-After abandons the target
local CAP_MS = 5000        -- of the exponential pause

local retry = {}

--- Without `on_status_codes`: no answer at all, 408, 429 and 5xx. With it: those statuses, and no answer at all.
---@param policy { attempts: integer, on_status_codes?: table<integer, true>, initial_backoff_ms: integer }
---@param failure Failure
function retry.worthwhile(policy, failure)
  local status = failure.upstream_status
  if status and policy.on_status_codes then return policy.on_status_codes[status] == true end
  if failure.final or failure.elsewhere then return false end
  return not status or status == 408 or status == 429 or status >= 500
end

--- Milliseconds before attempt `number` (2 = first retry): what the upstream asked for, else full jitter over a
--- doubling span. Nil: the wait is too long to be worth it.
function retry.pause(policy, number, failure)
  if failure.retry_after then
    local wanted = failure.retry_after * 1000
    return wanted <= MOST_WAIT_MS and wanted or nil
  end
  local span = policy.initial_backoff_ms * 2 ^ (number - 2)
  return math.floor(random.number() * math.min(span, CAP_MS))
end

return retry
