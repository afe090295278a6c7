-- SPDX-License-Identifier: Apache-2.0
--- Tells a service of your own who asked which model and what it cost, after the answer has gone out. No prompt, no
--- answer: only what an auditor needs.

local http = require "gateway.http"
local json = require "gateway.json"
local log = require "gateway.log"
local task = require "gateway.task"

--- What a record says. Values only: ctx is over when it is sent.
local function record_of(ctx)
  return {
    trace_id = ctx.trace_id, key = ctx.key and ctx.key.id, model = ctx.model, provider = ctx.provider,
    tokens = ctx.usage and ctx.usage.total_tokens, error = ctx.error and ctx.error.code,
  }
end

local function deliver(conf, record)
  local answer, message = http.fetch {
    url = conf.url, method = "POST", headers = { ["content-type"] = "application/json" }, body = json.encode(record),
    allow = { conf.host }, timeout_ms = conf.timeout,
  }
  if not answer or answer.status > 299 then
    log.warn("audit record was not taken", { trace_id = record.trace_id, error = message or tostring(answer.status) })
  end
end

local function note(ctx, _, opened)
  if not task.later(deliver, opened, record_of(ctx)) then
    log.warn("audit record was lost", { trace_id = ctx.trace_id })
  end
end

--- "http://127.0.0.1:9000", the form in which unencrypted hosts are allowed; of https the host.
local function open(conf)
  local scheme, host = conf.url:match "^(https?)://([^/]+)"
  if not scheme then error("url must begin with http:// or https://", 0) end
  return { url = conf.url, timeout = conf.timeout, host = scheme == "https" and host or "http://" .. host }
end

return {
  name = "audit-trail",
  type = "logging",
  schema = {
    url = { "string", min = 1, required = true },
    timeout = { "duration", min = "100ms", max = "30s", default = "2s" },
  },
  open = open,
  after_request = note,
  on_error = note,
}
