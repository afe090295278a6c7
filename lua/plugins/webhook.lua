-- SPDX-License-Identifier: Apache-2.0
--- Tells an address of yours what became of requests: gateway.request.completed and gateway.request.failed, in batches,
--- signed. It never holds an answer up and never fails one; what was said is sent only when `content` asks for it.

local clock = require "gateway.clock"
local sender = require "plugins.webhook.sender"

local COMPLETED, FAILED = "gateway.request.completed", "gateway.request.failed"

local function wanted(conf)
  local set = {}
  for _, name in ipairs(conf.events) do set[name] = true end
  return set
end

local function open(conf)
  return { sender = sender.new(conf), wanted = wanted(conf) }
end

local function event_of(ctx, kind, fields)
  fields.type, fields.trace_id, fields.timestamp = kind, ctx.trace_id, clock.iso()
  fields.provider, fields.model, fields.target = ctx.provider, ctx.model, ctx.target
  fields.stream, fields.latency_ms = ctx.stream, ctx.duration_ms
  fields.api_key = ctx.key and ctx.key.id or nil
  return fields
end

--- The texts of a side with their roles; only when the operator asks for them.
local function content_of(ctx, which)
  local texts = {}
  for part in ctx:texts(which) do texts[#texts + 1] = { role = part.role, kind = part.kind, text = part.text } end
  return texts
end

local function after_request(ctx, conf, opened)
  if not opened.wanted[COMPLETED] then return nil end
  local usage = ctx.usage or {}
  local event = event_of(ctx, COMPLETED, {
    status = ctx.response.status, tokens_in = usage.prompt_tokens, tokens_out = usage.completion_tokens,
  })
  if conf.content then event.request, event.response = content_of(ctx, "request"), content_of(ctx, "response") end
  sender.push(opened.sender, event)
end

local function on_error(ctx, conf, opened)
  if not opened.wanted[FAILED] then return nil end
  local event = event_of(ctx, FAILED, { status = ctx.error.status, error = ctx.error.code })
  if conf.content then event.request = content_of(ctx, "request") end
  sender.push(opened.sender, event)
end

return {
  name = "webhook", type = "logging",
  schema = {
    url = { "string", required = true, max = 2048 },
    secret = { "string", min = 1, max = 1024, expand = true, secret = true },
    headers = { "map", of = { "string", max = 4096, expand = true }, default = {} },
    events = { "array", of = { "string", one_of = { COMPLETED, FAILED } }, default = { COMPLETED, FAILED } },
    content = { "boolean", default = false },
    batch = { "integer", min = 1, max = 100, default = 20 },
    flush = { "duration", max = "10s", default = "1s" },
    attempts = { "integer", min = 1, max = 4, default = 3 },
    backoff = { "duration", min = "10ms", max = "2s", default = "500ms" },
    timeout = { "duration", min = "1ms", max = "5s", default = "5s" },
  },
  open = open,
  after_request = after_request,
  on_error = on_error,
}
