-- SPDX-License-Identifier: Apache-2.0
--- What a target's entry says of retries, breaker and concurrency, as numbers that every part goes by. 0 stands for the
--- default, as in the compatible gateway (gateway-api, appendix E).

local scalar = require "scalar"

local policy = {}

local BREAKER = { failure_threshold = 5, success_threshold = 1, max_half_threshold = 1, timeout = 30000 }
local QUEUE_SIZE = 1000
local QUEUE_TIMEOUT_MS = 5000

local function set_of(list)
  local set = {}
  for _, item in ipairs(list) do set[item] = true end
  return set
end

---@class RetryPolicy
---@field attempts integer tries in all
---@field initial_backoff_ms integer
---@field on_status_codes table<integer, true>? in place of the built-in set
---@field retry_ambiguous boolean also where the request may have been carried out

---@return RetryPolicy
function policy.retry(entry)
  local retry = entry.retry or {}
  return {
    attempts = math.max(1, retry.attempts or 1),
    initial_backoff_ms = retry.initial_backoff_ms or 100,
    on_status_codes = retry.on_status_codes and set_of(retry.on_status_codes),
    retry_ambiguous = retry.retry_ambiguous == true,
  }
end

local function positive(block, name)
  local value = block[name]
  return value and value > 0 and value or BREAKER[name]
end

---@class BreakerPolicy as gateway.health takes it
---@field failure_threshold integer
---@field success_threshold integer
---@field max_half_threshold integer
---@field timeout_ms integer
---@field window { ms: integer, min_requests: integer, error_rate: number }?

---@return BreakerPolicy? nil without the block: then nothing is ever opened
function policy.breaker(entry)
  local block = entry.circuit_breaker
  if not block then return nil end
  local window = block.window
  return {
    failure_threshold = positive(block, "failure_threshold"),
    success_threshold = positive(block, "success_threshold"),
    max_half_threshold = positive(block, "max_half_threshold"),
    timeout_ms = positive(block, "timeout"),
    window = window and {
      ms = window.duration, min_requests = window.min_requests, error_rate = window.error_rate,
    },
  }
end

---@class ConcurrencyPolicy as gateway.health takes it
---@field max integer
---@field queue_size integer
---@field queue_timeout_ms integer

---@return ConcurrencyPolicy? nil without the block: as many as come
function policy.concurrency(entry)
  local block = entry.concurrency
  if not block then return nil end
  local size = block.queue_size or 0
  return {
    max = block.max_concurrency, queue_size = size > 0 and size or QUEUE_SIZE,
    queue_timeout_ms = block.queue_timeout or QUEUE_TIMEOUT_MS,
  }
end

--- When a further target is asked beside one that is slow; nil: never, because nobody wants it, or the strategy names
--- its target.
---@param block table `strategy`
---@param named boolean?
---@return HedgeConf?
function policy.hedge(block, named)
  local conf = block.hedge
  if not conf or named then return nil end
  local delay = conf.delay or "p95"
  return { delay = delay ~= "p95" and scalar.duration { text = delay } or delay, max = conf.max or 1 }
end

return policy
