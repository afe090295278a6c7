-- SPDX-License-Identifier: Apache-2.0

local routing = require "spec.support.routing"
local spec = require "gateway.spec"

local shadow_routing, shadow_run = spec.module "shadow_routing", spec.module "shadow_run"
local routing_texts = spec.module "routing_texts"

describe("a candidate of a strategy", function()
  local targets = routing.targets("a b c", { a = { weight = 2 }, b = { weight = 1 }, c = { weight = 1 } })
  local call = routing.call { headers = { ["x-tier"] = "gold" }, key = "k", body = { user = "u" }, tokens = 7 }
  function call.headers() return { ["x-tier"] = "gold" } end

  local of_user, prefix = routing_texts.of_user, routing_texts.prefix
  before_each(function()
    routing_texts.of_user = function() return { "hello" } end
    routing_texts.prefix = function() return "hello" end
  end)
  after_each(function() routing_texts.of_user, routing_texts.prefix = of_user, prefix end)

  --- What a candidate makes of a request that was routed by `conf`; the live order.
  local function shown(conf, candidate)
    local plan = routing.plan(conf, targets, { routes = routing.routes(targets) })
    local draws = {}
    local order = spec.module("strategy").order(plan, call, { model = "m", surface = plan.surface }, nil, draws)
    local live = shadow_run.names(order.order, order.at)
    local seen = { targets = shadow_run.copies(order.targets), routing = shadow_routing.keep(order, draws) }
    return shadow_run.choose(candidate, seen), live
  end

  it("that is the live one chooses the same, whatever is drawn", function()
    local candidate = spec.script("strategies", "loadbalance")
    for _ = 1, 20 do
      local found, live = shown(routing.conf "loadbalance", candidate)
      assert.same({ order = live }, found)
    end
  end)

  it("sees what the live one saw, and has its own configuration's defaults", function()
    local told
    local found = shown(routing.conf("least-latency", nil, { explore = 0.5 }), {
      name = "least-latency", schema = { explore = { "number", default = 0.1 }, own = { "integer", default = 3 } },
      open = function(conf, list) return { conf.config.own, #list } end,
      choose = function(list, request)
        told = {
          request:header "X-Tier", (request:key()), request:user(), request:tokens(), request:user_text(),
          request:prefix(3), request.conf.config.explore, request.opened[1], request.opened[2], request.model,
          request:figures("in_flight")[1], request:price(list[1]),
        }
        return list, 2
      end,
    })
    assert.same({ order = { "b", "c", "a" } }, found)
    assert.same({ "gold", "k", "u", 7, "hello", "hel", 0.5, 3, 3, "m", 0, false }, told)
  end)

  it("that fails is told", function()
    assert.is_true(shown(routing.conf "fallback", { name = "fallback", choose = function() error "no" end }).fault)
    assert.is_true(shown(routing.conf "fallback", { name = "fallback", choose = function() end }).fault)
  end)
end)
