-- SPDX-License-Identifier: Apache-2.0
--- Limits requests and tokens: of everybody together, of each key, of each `user`. Buckets of all workers: a limit is
--- exact however many there are. What a request will use is reserved before it goes out, from its length and its
--- max_tokens, and settled by what it really used. A request that is refused takes nothing from any bucket.

local crypto = require "gateway.crypto"
local shared = require "gateway.shared"

local CHARACTERS_PER_TOKEN = 4
local LONGEST_SUBJECT = 200 -- bytes; a longer one is known by its digest

--- In the order in which they are asked.
local LIMITS = {
  { setting = "requests_per_second", counts = "requests", of = "all", reason = "rate limit exceeded" },
  { setting = "requests_per_minute", counts = "requests", of = "all", reason = "rate limit exceeded" },
  { setting = "key_rpm", counts = "requests", of = "key", reason = "per-key rate limit exceeded" },
  { setting = "user_rpm", counts = "requests", of = "user", reason = "per-user rate limit exceeded" },
  { setting = "tokens_per_minute", counts = "tokens", of = "all", reason = "token rate limit exceeded" },
  { setting = "key_tpm", counts = "tokens", of = "key", reason = "per-key token rate limit exceeded" },
  { setting = "user_tpm", counts = "tokens", of = "user", reason = "per-user token rate limit exceeded" },
}

---@class RateLimit
---@field prefix string
---@field counts "requests"|"tokens"
---@field of "all"|"key"|"user"
---@field reason string
---@field rate number a second
---@field burst number

local function limit_of(row, conf)
  local amount = conf[row.setting]
  local per_second = row.setting == "requests_per_second"
  local burst = per_second and conf.burst and conf.burst > 0 and conf.burst or amount
  return {
    prefix = "rate-limit:" .. row.setting .. ":", counts = row.counts, of = row.of, reason = row.reason,
    rate = per_second and amount or amount / 60, burst = math.max(burst, 1),
  }
end

---@return RateLimit[]
local function open(conf)
  local limits = { tokens = false }
  for _, row in ipairs(LIMITS) do
    if conf[row.setting] then
      limits[#limits + 1] = limit_of(row, conf)
      limits.tokens = limits.tokens or row.counts == "tokens"
    end
  end
  return limits
end

-- Who asks, and for how much -----------------------------------------------------------------------------------------

local function user_of(ctx)
  local user = ctx.body:get "user"
  if type(user) ~= "string" or user == "" then return nil end
  return #user <= LONGEST_SUBJECT and user or crypto.sha256(user)
end

local function subject_of(limit, ctx)
  if limit.of == "all" then return "" end
  if limit.of == "key" then return ctx.key and ctx.key.id end
  return user_of(ctx)
end

local function number_at(ctx, path)
  local value = ctx.body:get(path)
  return type(value) == "number" and value > 0 and value or nil
end

--- Where the APIs that clients speak declare how long an answer may be.
local CEILINGS = {
  "max_completion_tokens", "max_tokens", "max_output_tokens", "generationConfig.maxOutputTokens",
  "generation_config.max_output_tokens",
}

--- The ceiling a request declares.
local function ceiling(ctx)
  for _, name in ipairs(CEILINGS) do
    local value = number_at(ctx, name)
    if value then return value end
  end
end

--- What a request will use at most, as far as one can know, and what of that it asks with.
local function estimate(ctx)
  local length = 0
  for part in ctx:texts "request" do length = length + #part.text end
  local answer = ceiling(ctx) or 0
  local prompt = math.ceil(length / CHARACTERS_PER_TOKEN)
  return prompt + answer * (number_at(ctx, "n") or 1), prompt
end

-- Headers ------------------------------------------------------------------------------------------------------------

--- "6m0s", "1.5s", "20ms": as OpenAI writes it.
local function duration_text(seconds)
  local ms = math.ceil(seconds * 1000)
  if ms < 1000 then return ("%dms"):format(ms) end
  if ms < 60000 then return ("%gs"):format(ms / 1000) end
  return ("%dm%gs"):format(math.floor(ms / 60000), math.floor(ms % 60000 / 1000))
end

--- Shows of each kind the limit that is nearest.
local function show(ctx, nearest)
  for counts, state in pairs(nearest) do
    local limit, left = state.limit, math.max(state.remaining, 0)
    ctx:set_header("x-ratelimit-limit-" .. counts, ("%d"):format(limit.burst))
    ctx:set_header("x-ratelimit-remaining-" .. counts, ("%d"):format(left))
    ctx:set_header("x-ratelimit-reset-" .. counts, duration_text((limit.burst - state.remaining) / limit.rate))
  end
end

local function remember(nearest, limit, remaining)
  local known = nearest[limit.counts]
  if known and known.remaining <= remaining then return end
  nearest[limit.counts] = { limit = limit, remaining = remaining }
end

-- Hooks --------------------------------------------------------------------------------------------------------------

--- Gives everything back.
local function undo(taken)
  for _, take in ipairs(taken) do shared.settle(take.key, take.limit.rate, take.limit.burst, take.amount) end
end

local function refusal(ctx, limit, after)
  local seconds = math.max(1, math.ceil(after))
  return ctx:reject { reason = limit.reason, headers = { ["Retry-After"] = ("%d"):format(seconds) } }
end

local function before_request(ctx, _, limits)
  local taken, nearest, wanted = {}, {}, { requests = 1 }
  if limits.tokens then wanted.tokens, taken.prompt = estimate(ctx) end
  for _, limit in ipairs(limits) do
    local subject = subject_of(limit, ctx)
    if subject then
      local key = limit.prefix .. subject
      local amount = math.min(wanted[limit.counts], limit.burst) -- what is larger than the bucket needs a full one
      local allowed, after, remaining = shared.take(key, limit.rate, limit.burst, amount)
      remember(nearest, limit, allowed and after or remaining)
      if not allowed then
        undo(taken)
        show(ctx, nearest)
        return refusal(ctx, limit, after)
      end
      taken[#taken + 1] = { key = key, limit = limit, amount = amount }
    end
  end
  show(ctx, nearest)
  ctx.state["rate-limit"] = taken
end

--- Replaces the reservation of tokens by `used`.
local function settle(ctx, used)
  local taken = ctx.state["rate-limit"]
  ctx.state["rate-limit"] = nil
  for _, take in ipairs(used and taken or {}) do
    local limit = take.limit
    if limit.counts == "tokens" then shared.settle(take.key, limit.rate, limit.burst, take.amount - used) end
  end
end

local function used_by(ctx)
  local usage = ctx.usage
  if not usage then return nil end
  local taken = ctx.state["rate-limit"]
  local prompt = usage.prompt_tokens or usage.estimated and taken and taken.prompt or 0
  return usage.total_tokens or prompt + (usage.completion_tokens or 0)
end

--- What no provider was asked for used nothing; what a provider did not count keeps its estimate.
local function after_request(ctx)
  if ctx.state.cache_hit or not ctx.target then return settle(ctx, 0) end
  settle(ctx, used_by(ctx))
end

local function on_error(ctx)
  settle(ctx, used_by(ctx) or 0)
end

-- Configuration ------------------------------------------------------------------------------------------------------

local function rate(name, default)
  return { "number", default = default, check = function(value, shown)
    if value <= 0 then return ("rate-limit: %s must be > 0, got %s"):format(name, shown) end
  end }
end

return {
  name = "rate-limit", type = "ratelimit", settles = true,
  schema = {
    requests_per_second = rate("requests_per_second", 100),
    burst = { "number", min = 0 },
    requests_per_minute = rate "requests_per_minute",
    key_rpm = rate "key_rpm",
    user_rpm = rate "user_rpm",
    tokens_per_minute = rate "tokens_per_minute",
    key_tpm = rate "key_tpm",
    user_tpm = rate "user_tpm",
  },
  open = open,
  before_request = before_request,
  after_request = after_request,
  on_error = on_error,
}
