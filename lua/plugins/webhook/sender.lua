-- SPDX-License-Identifier: Apache-2.0
--- Events on their way to one address: queued, batched, signed, tried again, and dropped where the other side keeps
--- failing. Everything here runs off the path of answers.

local clock = require "gateway.clock"
local crypto = require "gateway.crypto"
local http = require "gateway.http"
local json = require "gateway.json"
local log = require "gateway.log"
local metrics = require "gateway.metrics"
local task = require "gateway.task"

local QUEUE_MOST = 1000
local BATCHES_MOST, RUN_MOST_MS = 4, 35000 -- of one run: put-off work may take a minute
local STALE_MS = 65000 -- a run that has not ended by then was stopped

---@class Sender
---@field conf table
---@field queue table[]
---@field busy_until number? monotonic milliseconds; a run is under way

local sender = {}

function sender.new(conf)
  local origin = conf.url:match "^(https?://[^/?#]+)"
  if not origin or origin:find "@" then error("url must be http:// or https:// and a host, without a user", 0) end
  return { conf = conf, queue = {}, allow = { origin } }
end

local function headers_of(conf, body)
  local headers = { ["Content-Type"] = "application/json" }
  for name, value in pairs(conf.headers) do headers[name] = value end
  if conf.secret then
    local stamp = ("%d"):format(clock.now())
    headers["X-Gateway-Timestamp"] = stamp
    headers["X-Gateway-Signature"] = "sha256=" .. crypto.hmac_sha256(conf.secret, stamp .. "." .. body)
  end
  return headers
end

--- Whether trying again can help.
local function is_passing(status)
  return status == 408 or status == 429 or status >= 500
end

--- One try. True, or false and why in a word, and whether to try again.
local function post(self, body)
  local answer, _, code = http.fetch {
    url = self.conf.url, method = "POST", headers = headers_of(self.conf, body), body = body,
    timeout_ms = self.conf.timeout, allow = self.allow,
  }
  if not answer then return false, code, code ~= "not_allowed" and code ~= "bad_url" and code ~= "bad_request" end
  if answer.status >= 200 and answer.status < 300 then return true end
  return false, "status_" .. answer.status, is_passing(answer.status)
end

local function deliver(self, events)
  local body = json.encode { events = json.array(events) }
  local problem
  for attempt = 1, self.conf.attempts do
    local held, why, again = post(self, body)
    if held then return metrics.count("webhook.delivered", #events) end
    problem = why
    if not again or attempt == self.conf.attempts then break end
    clock.sleep(self.conf.backoff * 2 ^ (attempt - 1))
  end
  metrics.count("webhook.dropped", #events)
  log.warn("webhook: events are lost", { events = #events, code = problem })
end

local function take(self)
  local events = {}
  for _ = 1, math.min(self.conf.batch, #self.queue) do events[#events + 1] = table.remove(self.queue, 1) end
  return events
end

local run

local function start(self)
  self.busy_until = clock.monotonic() + STALE_MS
  if not task.later(run, self) then self.busy_until = nil end
end

function run(self)
  local begun, batches = clock.monotonic(), 0
  clock.sleep(self.conf.flush)
  while #self.queue > 0 and batches < BATCHES_MOST and clock.monotonic() - begun < RUN_MOST_MS do
    deliver(self, take(self))
    batches = batches + 1
  end
  self.busy_until = nil
  if #self.queue > 0 then start(self) end
end

--- Takes an event; a full queue drops it.
---@param self Sender
---@param event table
function sender.push(self, event)
  if #self.queue >= QUEUE_MOST then return metrics.count "webhook.dropped" end
  self.queue[#self.queue + 1] = event
  if not self.busy_until or clock.monotonic() > self.busy_until then start(self) end
end

return sender
