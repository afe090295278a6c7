-- SPDX-License-Identifier: Apache-2.0
--- What the numbers of a target's retry, breaker, concurrency and credentials may be. The texts are those of the
--- compatible gateway (gateway-api 3.3).

local CONCURRENCY_MOST = 10000
local QUEUE_MOST = 100000

local resilience = {}

local function check_retry(retry, say)
  if (retry.attempts or 0) < 0 then
    say({ "retry", "attempts" }, ("retry.attempts cannot be negative, got %d (omit the field, or set 1, for a single "
      .. "attempt)"):format(retry.attempts))
  end
  if (retry.initial_backoff_ms or 0) < 0 then
    say({ "retry", "initial_backoff_ms" }, ("retry.initial_backoff_ms cannot be negative, got %d")
      :format(retry.initial_backoff_ms))
  end
end

local function check_breaker(breaker, say)
  for _, name in ipairs { "failure_threshold", "success_threshold", "max_half_threshold" } do
    local value = breaker[name]
    if value and value < 0 then
      say({ "circuit_breaker", name }, ("circuit_breaker.%s cannot be negative, got %d (omit the field, or set 0, for "
        .. "the default)"):format(name, value))
    end
  end
end

local UNLIMITED = "concurrency.max_concurrency must be positive (omit the concurrency block to leave the target "
  .. "unlimited)"

--- A member that is false was written and refused already.
local function check_concurrency(concurrency, say)
  local most, queue = concurrency.max_concurrency, concurrency.queue_size or 0
  local at = { "concurrency", "max_concurrency" }
  if most == nil or most and most <= 0 then
    say(at, UNLIMITED)
  elseif most and most > CONCURRENCY_MOST then
    say(at, ("concurrency.max_concurrency %d exceeds the limit of %d"):format(most, CONCURRENCY_MOST))
  end
  at = { "concurrency", "queue_size" }
  if queue < 0 then
    say(at, ("concurrency.queue_size cannot be negative, got %d"):format(queue))
  elseif queue > QUEUE_MOST then
    say(at, ("concurrency.queue_size %d exceeds the limit of %d"):format(queue, QUEUE_MOST))
  end
end

--- Two of a kind would be one credential that is asked twice as often. No message shows either.
local function check_credentials(target, say)
  local seen = {}
  if target.api_key then seen[target.api_key] = "api_key" end
  for position, key in ipairs(target.api_keys or {}) do
    local place = ("api_keys[%d]"):format(position - 1)
    if key and seen[key] then say({ "api_keys", position }, ("%s is the same as %s"):format(place, seen[key])) end
    if key then seen[key] = place end
  end
end

--- The rules over one target.
---@param target table as it is typed; it may have holes where a value was refused
---@param say fun(steps: (string|integer)[], message: string) takes the place below the target
function resilience.check(target, say)
  if target.retry then check_retry(target.retry, say) end
  if target.circuit_breaker then check_breaker(target.circuit_breaker, say) end
  if target.concurrency then check_concurrency(target.concurrency, say) end
  check_credentials(target, say)
end

return resilience
