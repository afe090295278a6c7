-- SPDX-License-Identifier: Apache-2.0
--- Refuses requests that mention what must not leave the house.

local match = require "gateway.match"

local function before_request(ctx, _, words)
  if ctx:find(words) then
    return ctx:reject { status = 400, code = "blocked_content", message = "This must not leave the house." }
  end
end

return {
  name = "no-secrets",
  type = "guardrail",
  schema = { words = { "array", of = { "string", min = 1 }, required = true } },
  open = function(conf) return match.literals(conf.words, { caseless = true }) end,
  before_request = before_request,
}
