-- SPDX-License-Identifier: Apache-2.0
--- What the walk costs a request: strategy, breaker, places and tries around one try, against the try alone. Prints a
--- line for each case: nanoseconds a request. Run by `make bench`, out of the product binary.

local spec = require "gateway.spec"

local clock, health = require "gateway.clock", require "gateway.health"
local routing = require "spec.support.routing"

local attempt, walk = spec.module "attempt", spec.module "walk"

local ROUNDS, REQUESTS = 200, 500

attempt.run = function() return true end

local call = routing.call()
function call.note_route() end
function call.begun() end
function call.drained() return false end

local BREAKER = { failure_threshold = 5, success_threshold = 1, max_half_threshold = 1, timeout_ms = 30000 }
local LIMIT = { max = 10000, queue_size = 1000, queue_timeout_ms = 5000 }

--- So many targets under a strategy, each with a breaker and a limit.
local function plan_make(conf, count)
  local names = {}
  for i = 1, count do names[i] = "t" .. i end
  local targets, routes = routing.targets(table.concat(names, " ")), {}
  for _, target in ipairs(targets) do
    target.retry, target.weight = { attempts = 3, initial_backoff_ms = 100 }, 1
    local options = { breaker = BREAKER, concurrency = LIMIT, label = target.name }
    routes[target.name] = { cell = health.target("bench:" .. target.name, options):model "m" }
  end
  return routing.plan(conf, targets, { routes = routes })
end

local later = nil
local SURFACE = { name = "chat", endpoint = "chat" }

--- As lua/chat.lua makes it.
local function request_make()
  return {
    model = "m", stream = false, include_usage = false, surface = SURFACE,
    deadline_at = later, visit = later, inside = later, route = later,
  }
end

--- The quickest of some rounds, in nanoseconds a request.
local function measure(body)
  local best = math.huge
  for _ = 1, ROUNDS do
    local at = clock.monotonic()
    for _ = 1, REQUESTS do body(request_make()) end
    best = math.min(best, (clock.monotonic() - at) / REQUESTS * 1e6)
  end
  return best
end

--- What there was before: a route is looked up, noted, and tried.
local function bare(plan)
  local target = plan.targets[1]
  return measure(function(request)
    local route = plan.routes[target]
    call:note_route(request.model, plan.model, target.provider.name, target.name, route.textual, route.price_in,
      route.price_out)
    request.route = route
    attempt.run(call, request, target, route)
  end)
end

local function case(title, conf, count)
  it(title, function()
    local plan = plan_make(conf, count)
    local before = bare(plan)
    local whole = measure(function(request) walk.run(call, request, plan) end)
    print(("%s\t%.0f\t%.0f"):format(title, before, whole - before))
  end)
end

case("fallback, 1 target", { mode = "fallback" }, 1)
case("fallback, 3 targets", { mode = "fallback" }, 3)
case("loadbalance, 3 targets", { mode = "loadbalance" }, 3)
case("fallback, 200 targets", { mode = "fallback" }, 200)
case("loadbalance, 200 targets", { mode = "loadbalance" }, 200)
case("least-latency, 200 targets", { mode = "least-latency", config = { explore = 0.05, stale = 30000 } }, 200)
case("least-busy, 200 targets", { mode = "least-busy" }, 200)
