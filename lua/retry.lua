-- SPDX-License-Identifier: Apache-2.0
--- What a failed try means: for its target, and for another try there (gateway-api 3.5). A request is never sent to the
--- same target again when it may have been carried out: that is what `lost` says of a failure.

local random = require "gateway.random"

local MOST_WAIT_MS = 30000 -- a longer Retry-After abandons the target
local CAP_MS = 5000        -- of the exponential pause

local retry = {}

-- The target ---------------------------------------------------------------------------------------------------------

local THROTTLED = { [429] = true, [529] = true }

--- What its breaker and its clock learn of a failure: "failure" for what is its fault, "throttled" for what asks us
--- to come later, "neither" for the fault of the request, of a plugin, or of this gateway.
---@param failure Failure
---@return "failure"|"throttled"|"neither"
function retry.verdict(failure)
  if failure.plugin then return "neither" end
  local status = failure.upstream_status or failure.status
  if THROTTLED[status] or failure.code == "insufficient_quota" then return "throttled" end
  if failure.elsewhere or failure.final then return "neither" end
  return (status >= 500 or status < 400) and "failure" or "neither"
end

-- Another try --------------------------------------------------------------------------------------------------------

local function is_again(status)
  return status == 408 or status == 429 or status >= 500
end

--- Whether the upstream has certainly not carried out what was asked. One that went away in the middle of the request
--- is believed once.
local function is_safe(policy, number, failure)
  if not failure.lost or policy.retry_ambiguous then return true end
  return failure.unsent == true and number == 1
end

---@class RetryPolicy
---@field attempts integer in all
---@field initial_backoff_ms integer
---@field on_status_codes table<integer, true>? in the place of 408, 429 and 5xx
---@field retry_ambiguous boolean? also when the first try may have been carried out

--- Whether the same target is asked again after try `number`. Without `on_status_codes`: after no answer at all, 408,
--- 429 and 5xx. With it: after those statuses, and no answer at all.
---@param policy RetryPolicy
---@param number integer
---@param failure Failure
function retry.worthwhile(policy, number, failure)
  if failure.plugin or failure.should_retry == false or not is_safe(policy, number, failure) then return false end
  local status = failure.upstream_status
  if status and policy.on_status_codes then return policy.on_status_codes[status] == true end
  if failure.final or failure.elsewhere then return false end
  return failure.should_retry or is_again(status or failure.status)
end

--- How long the upstream has asked us to wait, in milliseconds.
---@param failure Failure
---@return number?
function retry.asked_ms(failure)
  return failure.retry_after_ms or failure.retry_after and failure.retry_after * 1000
end

--- Milliseconds between try `number` and the next: what the upstream asked for, else full jitter over a doubling span.
--- Nil: the wait is too long to be worth it.
---@param policy RetryPolicy
---@param number integer
---@param failure Failure
---@return number?
function retry.pause(policy, number, failure)
  local wanted = retry.asked_ms(failure)
  if wanted then return wanted <= MOST_WAIT_MS and wanted or nil end
  local span = policy.initial_backoff_ms * 2 ^ (number - 1)
  return math.floor(random.number() * math.min(span, CAP_MS))
end

return retry
