-- SPDX-License-Identifier: Apache-2.0
--- Limits what keys, teams and models may spend, in all or in a window of time, counted by all workers together.
---
--- Parallel requests cannot overshoot: what a request may cost is claimed before it goes out (budget/claims.lua), and
--- replaced by its real cost afterwards. Money is counted in whole billionths of a dollar: $0.15 per million tokens are
--- 150 a token, exactly.

local claims = require "plugins.budget.claims"
local clock = require "gateway.clock"
local crypto = require "gateway.crypto"
local windows = require "plugins.budget.windows"

local NANO = 1e9
local NANO_PER_TOKEN = 1000 -- of a dollar per million tokens
local CHARACTERS_PER_TOKEN = 4
local LONGEST_SUBJECT = 128 -- bytes; a longer one is known by its digest

local RATES = { "input_per_m_tokens", "output_per_m_tokens", "cache_read_per_m_tokens", "cache_write_per_m_tokens" }

local function whole(amount)
  return math.floor(amount + 0.5)
end

-- Configuration ------------------------------------------------------------------------------------------------------

---@class BudgetLimit
---@field scope "key"|"team"|"model"|"all"
---@field window string
---@field usd number
---@field nano number

local function limit_of(scope, window, usd)
  return { scope = scope, window = window, usd = usd, nano = whole(usd * NANO) }
end

local function is_priced(conf)
  for _, name in ipairs(RATES) do
    if conf[name] > 0 then return true end
  end
  return conf.catalog or next(conf.prices) ~= nil
end

---@return BudgetLimit[]
local function open(conf)
  local limits = {}
  if conf.spend_limit_usd > 0 then limits[1] = limit_of(conf.scope, conf.window, conf.spend_limit_usd) end
  for _, entry in ipairs(conf.limits) do
    limits[#limits + 1] = limit_of(entry.scope, entry.window, entry.spend_limit_usd)
  end
  if #limits > 0 and not is_priced(conf) then
    error("a spend limit is set and all rates are 0: set input_per_m_tokens, output_per_m_tokens, prices or catalog", 0)
  end
  return limits
end

-- Prices -------------------------------------------------------------------------------------------------------------

--- The rates that are set for a model, else those for all.
local function rates_of(conf, model)
  return conf.prices[model] or conf
end

--- No rate of one's own stands for the model, and the catalog's are asked for.
local function by_catalog(conf, model)
  if not conf.catalog or conf.prices[model] then return false end
  for _, name in ipairs(RATES) do
    if conf[name] > 0 then return false end
  end
  return true
end

--- Tokens read from and written to a provider's own cache, where it tells.
local function cached_tokens(ctx, usage)
  local body = ctx.response and ctx.response.body
  local function told(name, path) return usage[name] or body and body:get(path) or 0 end
  return told("cache_read_tokens", "usage.prompt_tokens_details.cached_tokens"),
    told("cache_write_tokens", "usage.cache_write_tokens")
end

--- What was used. Tokens read from a cache have their own price where one is set.
local function cost_of(ctx, conf)
  local usage, rates = ctx.usage, rates_of(conf, ctx.model)
  if not usage then return nil end
  if by_catalog(conf, ctx.model) then return usage.cost_usd and whole(usage.cost_usd * NANO) end
  local read, written = cached_tokens(ctx, usage)
  local prompt = usage.prompt_tokens or usage.estimated and ctx.state.budget.prompt or 0
  local fresh = prompt - (rates.cache_read_per_m_tokens > 0 and read or 0)
  return whole(NANO_PER_TOKEN * (rates.input_per_m_tokens * math.max(fresh, 0)
    + rates.output_per_m_tokens * (usage.completion_tokens or 0)
    + rates.cache_read_per_m_tokens * read + rates.cache_write_per_m_tokens * written))
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

--- The rates to expect: by the catalog those of the target that is asked first; unknown ones cost nothing.
local function expected_rates(ctx, conf)
  if not by_catalog(conf, ctx.model) then return rates_of(conf, ctx.model) end
  local price = ctx.price or {}
  return { input_per_m_tokens = price.input or 0, output_per_m_tokens = price.output or 0 }
end

--- What a request may cost, as far as one can know before, and how many tokens it asks with.
local function estimate(ctx, conf)
  local length, rates = 0, expected_rates(ctx, conf)
  for part in ctx:texts "request" do length = length + #part.text end
  local prompt = math.ceil(length / CHARACTERS_PER_TOKEN)
  local answer = ceiling(ctx) or conf.reserve_output_tokens
  local tokens = answer * (number_at(ctx, "n") or 1)
  return whole(NANO_PER_TOKEN * (rates.input_per_m_tokens * prompt + rates.output_per_m_tokens * tokens)), prompt
end

-- Who spends ---------------------------------------------------------------------------------------------------------

--- Who names no team is one of the team that has no name: nobody gets around a limit by keeping silent.
local function team_of(ctx, conf)
  local team = conf.team_header and ctx.headers:get(conf.team_header)
  return team or conf.team_key_field and ctx.key and ctx.key[conf.team_key_field] or ""
end

local function subject_of(scope, ctx, conf)
  if scope == "key" then return ctx.key and ctx.key.id end
  if scope == "model" then return ctx.model end
  return scope == "team" and team_of(ctx, conf) or ""
end

local function place_of(limit, subject, conf, now)
  if #subject > LONGEST_SUBJECT then subject = crypto.sha256(subject) end
  local number, span = windows.number(limit.window, now), windows.span[limit.window]
  return {
    name = ("budget:%s:%s:%s:%d:%s"):format(conf.store_id, limit.scope, limit.window, number, subject),
    limit = limit.nano, usd = limit.usd, ttl = span and 2 * span,
  }
end

--- Where the money of this request is counted.
local function places_of(ctx, conf, limits)
  local places, now = {}, clock.now()
  for _, limit in ipairs(limits) do
    local subject = subject_of(limit.scope, ctx, conf)
    if subject then places[#places + 1] = place_of(limit, subject, conf, now) end
  end
  return places
end

-- Hooks --------------------------------------------------------------------------------------------------------------

local function refusal(ctx, refused)
  return ctx:reject {
    status = 402, code = "insufficient_quota",
    reason = ("budget exceeded: spent $%.4f of $%.2f limit"):format(refused.spent / NANO, refused.place.usd),
  }
end

local function before_request(ctx, conf, limits)
  local places = places_of(ctx, conf, limits)
  if #places == 0 then return end
  local amount, prompt = estimate(ctx, conf)
  local made, refused = claims.make(places, amount, conf.wait, ctx.trace_id)
  if not made then return refusal(ctx, refused) end
  ctx.state.budget = { claims = made, amount = amount, prompt = prompt }
end

local function settle(ctx, cost)
  claims.settle(ctx.state.budget.claims, cost)
  ctx.state.budget = nil
end

--- What was answered without a provider cost nothing; what a provider did not count costs what was expected.
local function after_request(ctx, conf)
  if not ctx.state.budget then return end
  local free = ctx.state.cache_hit or not ctx.target
  settle(ctx, free and 0 or cost_of(ctx, conf) or ctx.state.budget.amount)
end

local function on_error(ctx, conf)
  if ctx.state.budget then settle(ctx, cost_of(ctx, conf) or 0) end
end

-- Schema -------------------------------------------------------------------------------------------------------------

local SCOPE = { "string", one_of = { "key", "team", "model", "all" }, default = "key" }
local WINDOW = { "string", one_of = windows.names, default = "total" }
local AMOUNT = { "number", min = 0.000001, required = true }

local function priced(fields)
  for _, name in ipairs(RATES) do fields[name] = { "number", min = 0, default = 0 } end
  return fields
end

return {
  name = "budget", type = "ratelimit", settles = true,
  schema = priced {
    store_id = { "string", min = 1, max = 64, default = "default" },
    spend_limit_usd = { "number", min = 0, default = 0 },
    scope = SCOPE,
    window = WINDOW,
    limits = {
      "array", default = {}, of = { "record", fields = { scope = SCOPE, window = WINDOW, spend_limit_usd = AMOUNT } },
    },
    catalog = { "boolean", default = false },
    prices = { "map", default = {}, of = { "record", fields = priced {} } },
    team_header = { "string", min = 1, max = 64 },
    team_key_field = { "string", one_of = { "id", "name" } },
    reserve_output_tokens = { "integer", min = 0, default = 4096 },
    wait = { "duration", max = "10s", default = "1s" },
    max_keys = { "integer", min = 0, default = 10000 },
  },
  open = open,
  before_request = before_request,
  after_request = after_request,
  on_error = on_error,
}
