-- SPDX-License-Identifier: Apache-2.0
--- One log line for each request, answer and error. Never a word of what was said: counts, names and codes alone.

local clock = require "gateway.clock"
local log = require "gateway.log"

local function write(conf, message, ctx, fields)
  fields.trace_id, fields.timestamp = ctx.trace_id, clock.iso()
  fields.model = ctx.model
  fields.api_key = ctx.key and ctx.key.id or nil
  log[conf.level](message, fields)
end

local function count(list)
  return type(list) == "table" and #list or nil
end

local function open(conf)
  if conf.persist then log.warn("request-logger: persist has no effect yet, there is no store for requests") end
  if conf.backend or conf.dsn then log.warn("request-logger: backend and dsn have no effect") end
end

local function before_request(ctx, conf)
  write(conf, "gateway request", ctx, { messages = count(ctx.body:get "messages"), stream = ctx.stream })
end

local function after_request(ctx, conf)
  local usage, body = ctx.usage or {}, ctx.response.body
  write(conf, "gateway response", ctx, {
    provider = ctx.provider, status = ctx.response.status, duration_ms = ctx.duration_ms,
    choices = body and count(body:get "choices") or nil,
    prompt_tokens = usage.prompt_tokens, completion_tokens = usage.completion_tokens,
    total_tokens = usage.total_tokens,
  })
end

--- The code, not the message: an upstream's message may repeat what it was asked.
local function on_error(ctx, conf)
  write(conf, "gateway error", ctx, {
    provider = ctx.provider, status = ctx.error.status, error = ctx.error.code, type = ctx.error.type,
    duration_ms = ctx.duration_ms,
  })
end

return {
  name = "request-logger", type = "logging",
  schema = {
    level = { "string", one_of = { "debug", "info", "warn", "error" }, default = "info" },
    persist = { "boolean", default = false },
    backend = { "string" },
    dsn = { "string", secret = true },
  },
  open = open,
  before_request = before_request,
  after_request = after_request,
  on_error = on_error,
}
