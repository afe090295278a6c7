-- SPDX-License-Identifier: Apache-2.0
--- Refuses requests and answers that contain a blocked word, wherever they have text: prompts, tool arguments and
--- results, reasoning (gateway-api 5.2). On a stream the word never leaves, nor its beginning: what may become one is
--- kept until more text or the end shows what it is.

local match = require "gateway.match"

local REQUEST = "request blocked by content policy"
local OPAQUE = "request blocked by content policy: content is not inspectable text"
local RESPONSE = "response blocked by content policy"
local LONGEST = 4096

local function open(conf)
  if #conf.blocked_words == 0 then return nil end
  return match.literals(conf.blocked_words, { caseless = not conf.case_sensitive })
end

local function before_request(ctx, _, words)
  if not words then return nil end
  if ctx:find(words) then return ctx:reject { reason = REQUEST } end
  if ctx:uninspectable() then return ctx:reject { reason = OPAQUE } end
end

local function after_request(ctx, _, words)
  if words and ctx:find(words) then return ctx:reject { reason = RESPONSE } end
end

local function feed(state, text, ctx, final)
  local words = state.opened
  if not words then return text, 0 end
  if words:find(text) then return ctx:reject { reason = RESPONSE } end
  local keep = final and 0 or words:pending(text)
  return text:sub(1, #text - keep), keep
end

---@type Plugin
return {
  name = "word-filter",
  type = "guardrail",
  schema = {
    blocked_words = { "array", of = { "string", min = 1, max = LONGEST }, default = {} },
    case_sensitive = { "boolean", default = false },
  },
  open = open,
  before_request = before_request,
  after_request = after_request,
  on_chunk = { feed = feed },
  hold_bytes = LONGEST,
}
