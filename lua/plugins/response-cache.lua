-- SPDX-License-Identifier: Apache-2.0
--- Answers a chat request that was answered before, the same question of the same key to the last parameter, without
--- asking a provider. Of identical requests at the same time, in whichever workers, one asks and the others wait for
--- its answer; when it fails, or its worker dies, the next one asks. Errors are never kept.
---
--- A client decides with Cache-Control: no-store (nothing is looked up or kept), no-cache or max-age=0 (asked anew and
--- kept), max-age=N (nothing older), only-if-cached (504 rather than a provider). A provider's no-store and max-age
--- count, too. Every answer says what happened, X-Gateway-Cache: hit, miss or bypass; a hit has its Age.

local clock = require "gateway.clock"
local crypto = require "gateway.crypto"
local json = require "gateway.json"
local shared = require "gateway.shared"

local LARGEST_REQUEST = 256 * 1024 -- bytes; what is larger is not looked at
local LOCK_SECONDS = 120
local PASS, PASS_SECONDS = "pass", 10 -- after an answer that may not be kept nobody waits for the next
local POLL_MS, POLL_MOST_MS = 2, 50

local NAME = "response-cache:"

-- The key ------------------------------------------------------------------------------------------------------------

--- The body without white space and in one order of members. A number that a double may not hold exactly, and what is
--- no JSON, leave it as it was written.
local function canonical(text)
  local inexact = text:find "%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d" or text:find "%d[eE][+-]?%d%d%d"
  local value = not inexact and json.decode(text)
  return value and json.encode(value) or text
end

--- What makes two requests the same: who asks, for which model, with which body to the last member.
local function key_of(ctx)
  local text = ctx.body:text()
  if #text > LARGEST_REQUEST then return nil end
  local asker = ctx.key and ctx.key.id or ""
  return crypto.sha256(table.concat({ asker, ctx.endpoint, ctx.model, canonical(text) }, "\0"))
end

-- Cache-Control ------------------------------------------------------------------------------------------------------

--- Directives in lower case, each with its value or true.
local function directives(headers)
  local found = {}
  for word in (headers:get "cache-control" or ""):lower():gmatch "[^,]+" do
    local name, value = word:match '^%s*([%w-]+)%s*=%s*"?(%w*)"?%s*$'
    found[name or word:match "^%s*(.-)%s*$"] = value or true
  end
  return found
end

local function wishes_of(ctx)
  local asked = directives(ctx.headers)
  local youngest = tonumber(asked["max-age"]) or math.huge
  local anew = asked["no-cache"] or youngest <= 0
    or not next(asked) and (ctx.headers:get "pragma" or ""):lower():find("no-cache", 1, true)
  return { never = asked["no-store"], anew = anew, youngest = youngest, only_cached = asked["only-if-cached"] }
end

-- Entries ------------------------------------------------------------------------------------------------------------

--- Entries take turns in as many places as there may be entries: who comes into a place ends the entry that was there,
--- unless that has moved on since. So the least recently used one goes first.
local function take_place(conf, key, ttl)
  local turn = shared.incr(NAME .. "turn", 1)
  local place = NAME .. "place:" .. (turn % conf.max_entries)
  local before = shared.get(place)
  shared.set(place, key, ttl)
  shared.set(NAME .. "turn:" .. key, turn, ttl)
  if before and before ~= key and (shared.get(NAME .. "turn:" .. before) or 0) <= turn - conf.max_entries then
    shared.cache.delete(NAME .. before)
  end
end

--- Moves an entry that is used away from the end of the queue.
local function keep_place(conf, key)
  local turn, latest = shared.get(NAME .. "turn:" .. key) or 0, shared.get(NAME .. "turn") or 0
  if latest - turn > conf.max_entries / 2 then take_place(conf, key, conf.max_age) end
end

--- An answer that is young enough, and its age in seconds.
local function find(conf, key, youngest)
  local entry = shared.cache.get(NAME .. key)
  local kept_at, text = (entry or ""):match "^(%d+)\n(.*)$"
  if not kept_at then return nil end
  local age = math.max(0, math.floor(clock.now()) - tonumber(kept_at))
  if age > math.min(youngest, conf.max_age) then return nil end
  keep_place(conf, key)
  return text, age
end

local function keep(conf, key, text, seconds)
  local entry = ("%d\n%s"):format(clock.now(), text)
  local ttl = math.min(seconds, conf.max_age)
  if ttl <= 0 or not shared.cache.set(NAME .. key, entry, ttl) then return false end
  take_place(conf, key, ttl)
  return true
end

-- One asks for all ---------------------------------------------------------------------------------------------------

local function lock_name(key)
  return NAME .. "asking:" .. key
end

--- Who asks, as a mark that tells whether its worker is still there.
local function mark_of(ctx)
  return shared.worker() .. " " .. ctx.trace_id
end

local function is_gone(mark)
  return not shared.alive(mark:match "^%S+")
end

--- Waits for the answer somebody else is asking for. Returns it, or whether this request is the one to ask now; neither
--- when it has to go its own way.
local function wait(ctx, conf, key, youngest)
  local lock, mark, pause, waited = lock_name(key), mark_of(ctx), POLL_MS, 0
  while true do
    local text, age = find(conf, key, youngest)
    if text then return text, age end
    if shared.add(lock, mark, LOCK_SECONDS) then return nil, nil, mark end
    local other = shared.get(lock)
    if other == PASS or waited >= conf.wait then return nil end
    if other and is_gone(other) then
      shared.delete(lock, other)
    else
      clock.sleep(pause)
      waited, pause = waited + pause, math.min(pause * 2, POLL_MOST_MS)
    end
  end
end

--- The others need not wait any longer. What may not be kept lets everybody pass for a while.
local function release(state, pass)
  if not state.mark then return end
  shared.delete(lock_name(state.key), state.mark)
  if pass then shared.add(lock_name(state.key), PASS, PASS_SECONDS) end
  state.mark = nil
end

-- Hooks --------------------------------------------------------------------------------------------------------------

local function say(ctx, word)
  ctx:set_header("X-Gateway-Cache", word)
end

local function answer(ctx, text, age)
  say(ctx, "hit")
  ctx:set_header("Age", ("%d"):format(age))
  ctx.state.cache_hit = true
  return ctx:respond { status = 200, body = text, content_type = "application/json", provider = "cache" }
end

local function not_cached(ctx)
  say(ctx, "miss")
  return ctx:reject { status = 504, code = "not_cached", reason = "no kept answer, and only-if-cached" }
end

local function before_request(ctx, conf)
  if ctx.endpoint ~= "chat" then return end
  local wishes = wishes_of(ctx)
  local key = not wishes.never and key_of(ctx)
  if not key then return say(ctx, "bypass") end
  if wishes.anew and not wishes.only_cached then
    ctx.state["response-cache"] = { key = key }
    return say(ctx, "bypass")
  end
  local text, age = find(conf, key, wishes.youngest)
  if text then return answer(ctx, text, age) end
  if wishes.only_cached then return not_cached(ctx) end
  local mark
  if conf.single_flight then text, age, mark = wait(ctx, conf, key, wishes.youngest) end
  if text then return answer(ctx, text, age) end
  ctx.state["response-cache"] = { key = key, mark = mark }
  say(ctx, "miss")
end

--- For how many seconds an answer may be kept.
local function lifetime(conf, response)
  if response.status ~= 200 then return 0 end
  local said = directives(response.headers)
  return said["no-store"] and 0 or tonumber(said["max-age"]) or conf.max_age
end

local function after_request(ctx, conf)
  local state = ctx.state["response-cache"]
  if not state or ctx.state.cache_hit then return end
  local body = ctx.response.body -- a very long stream has none
  local kept = body and keep(conf, state.key, body:text(), lifetime(conf, ctx.response))
  release(state, not kept)
end

local function on_error(ctx)
  local state = ctx.state["response-cache"]
  if state then release(state) end
end

return {
  name = "response-cache", type = "transform", settles = true,
  schema = {
    max_age = { "integer", min = 1, max = 86400 * 365, default = 300 },
    max_entries = { "integer", min = 1, max = 50000, default = 1000 },
    single_flight = { "boolean", default = true },
    wait = { "duration", max = "5m", default = "30s" },
  },
  before_request = before_request,
  after_request = after_request,
  on_error = on_error,
}
