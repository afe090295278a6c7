-- SPDX-License-Identifier: Apache-2.0
--- Addresses that are told what happens: `events.webhooks` of the configuration. A batch is one POST of a JSON array,
--- signed as the Standard Webhooks specification says; what fails is sent again under the same id.

local base64 = require "gateway.base64"
local clock = require "gateway.clock"
local crypto = require "gateway.crypto"
local door = require "gateway.events"
local http = require "gateway.http"
local log = require "gateway.log"
local metrics = require "gateway.metrics"
local random = require "gateway.random"
local subjects = require "subjects"

local PAUSE_MOST = 60000        -- milliseconds of the exponential pause
local RETRY_AFTER_MOST = 300000 -- a receiver that wants to rest longer is asked after that all the same

--- Calls that no second one would end otherwise.
local HOPELESS = { bad_url = true, bad_request = true, not_allowed = true }

local webhooks = {}

-- Signing ------------------------------------------------------------------------------------------------------------

local function byte_of(digits) return string.char(tonumber(digits, 16)) end

--- "v1,<base64 of the HMAC-SHA256 of id.timestamp.body>"
---@param key string the secret's bytes
---@return string
function webhooks.signature(key, id, timestamp, body)
  local digest = crypto.hmac_sha256(key, ("%s.%s.%s"):format(id, timestamp, body))
  return "v1," .. base64.encode((digest:gsub("%x%x", byte_of)))
end

local function headers_of(receiver, id, body)
  local timestamp = ("%d"):format(clock.now())
  return {
    ["Content-Type"] = "application/json", ["webhook-id"] = id, ["webhook-timestamp"] = timestamp,
    ["webhook-signature"] = receiver.key and webhooks.signature(receiver.key, id, timestamp, body),
  }
end

-- One attempt --------------------------------------------------------------------------------------------------------

---@class HookOutcome
---@field delivered boolean
---@field again boolean? another attempt may end otherwise
---@field code string? what was wrong, in a word
---@field wait number? milliseconds that the receiver asked for

--- Seconds; a date says nothing here.
local function retry_after(answer)
  local seconds = tonumber((answer.headers["retry-after"] or ""):match "^%s*(%d+)%s*$")
  return seconds and math.min(seconds * 1000, RETRY_AFTER_MOST) or nil
end

--- What an answer means: 5xx and 429 are for a while, everything else that is no success is for good.
---@param answer { status: integer, headers: table }?
---@param code string? of the call that got none
---@return HookOutcome
function webhooks.outcome(answer, code)
  if not answer then return { delivered = false, code = code, again = not HOPELESS[code] } end
  local status = answer.status
  if status >= 200 and status < 300 then return { delivered = true } end
  return {
    delivered = false, code = "status_" .. status, again = status == 429 or status >= 500, wait = retry_after(answer),
  }
end

local function post(receiver, id, body)
  local answer, _, code = http.fetch {
    url = receiver.url, method = "POST", headers = headers_of(receiver, id, body), body = body,
    timeout_ms = receiver.timeout, allow = receiver.allow,
  }
  return webhooks.outcome(answer, code)
end

-- A turn -------------------------------------------------------------------------------------------------------------

--- Full jitter over a doubling span; what the receiver asked for counts before it.
local function pause_of(receiver, attempt, outcome)
  if outcome.wait then return math.max(outcome.wait, 1) end
  local span = math.min(receiver.backoff * 2 ^ (attempt - 1), PAUSE_MOST)
  return math.max(1, math.floor(random.number() * span))
end

local function give_up(receiver, listener, count, outcome)
  door.settle(listener, false)
  log.warn("events are lost: their receiver does not take them", {
    receiver = receiver.origin, events = count, code = outcome.code,
  })
end

local function settle(receiver, listener, attempt, count, outcome)
  if outcome.delivered then
    door.settle(listener, true)
    return 0
  end
  if outcome.again and attempt < receiver.attempts then return pause_of(receiver, attempt, outcome) end
  give_up(receiver, listener, count, outcome)
  return 0
end

--- Sends the next batch, or the one before once more.
local function turn(receiver, listener)
  local body, id, attempt, count = door.batch(listener)
  local wait = 0
  if body then
    id = "msg_" .. id
    local outcome = post(receiver, id, body)
    metrics.count(outcome.delivered and "events.delivered" or "events.refused")
    wait = settle(receiver, listener, attempt, count, outcome)
  end
  door.rest(listener, wait)
end

-- Plans --------------------------------------------------------------------------------------------------------------

--- Two entries of one address are two receivers.
local function key_of(entry, seen)
  seen[entry.url] = (seen[entry.url] or 0) + 1
  return ("webhook:%d:%s"):format(seen[entry.url], entry.url)
end

local function receiver_of(entry)
  local origin = entry.url:match "^https?://[^/?#]+"
  if entry.secret then log.hide("webhook secret", entry.secret) end
  return {
    url = entry.url, origin = origin, allow = { origin }, timeout = entry.timeout, attempts = entry.attempts,
    backoff = entry.backoff, key = entry.secret and base64.decode(entry.secret:sub(#"whsec_" + 1)),
  }
end

local function plan_of(entry, seen)
  local receiver = receiver_of(entry)
  return {
    key = key_of(entry, seen), subjects = subjects.all(entry.subjects), batch = entry.batch, every_ms = entry.every,
    turn = function(listener) return turn(receiver, listener) end,
  }
end

--- What gateway.events is to listen for.
---@param entries WebhookConfig[]
function webhooks.plans(entries)
  local plans, seen = {}, {}
  for i, entry in ipairs(entries) do plans[i] = plan_of(entry, seen) end
  return plans
end

return webhooks
