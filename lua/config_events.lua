-- SPDX-License-Identifier: Apache-2.0
--- `events` of the configuration: who is told what happens (docs/events.md).

local base64 = require "gateway.base64"
local subjects = require "subjects"

local KEY_LEAST, KEY_MOST = 24, 64 -- bytes, as the Standard Webhooks specification wants them

--- Of an address without a user: a password in it would be in nobody's keeping.
local function url_problem(value)
  local host = value:match "^https?://([^/?#]+)"
  if not host then return "must be an http:// or https:// address" end
  if host:find "@" then return "must not hold a user or a password" end
end

local function secret_problem(value)
  local key = base64.decode(value:match "^whsec_(.+)$" or "")
  if key and #key >= KEY_LEAST and #key <= KEY_MOST then return nil end
  return ("must be whsec_ and the base64 of %d to %d bytes"):format(KEY_LEAST, KEY_MOST)
end

---@class WebhookConfig
---@field url string
---@field secret string?
---@field subjects string[]
---@field batch integer
---@field every integer milliseconds, as the following
---@field timeout integer
---@field attempts integer
---@field backoff integer
local webhook = {
  url = { "string", min = 1, max = 2048, required = true, expand = true, check = url_problem },
  secret = { "string", min = 1, max = 128, expand = true, secret = true, check = secret_problem },
  subjects = { "array", of = { "string", min = 1, check = subjects.problem }, default = { "*" } },
  batch = { "integer", min = 1, max = 256, default = 100 },
  every = { "duration", max = "60s", default = "1s" },
  timeout = { "duration", min = "1ms", max = "30s", default = "5s" },
  attempts = { "integer", min = 1, max = 20, default = 5 },
  backoff = { "duration", min = "1ms", max = "60s", default = "1s" },
}

return { "record", fields = {
  webhooks = { "array", of = { "record", fields = webhook }, max = 16, default = {} },
} }
