-- SPDX-License-Identifier: Apache-2.0

local health = require "gateway.health"
local spec = require "gateway.spec"

local config_text = require "spec.support.config_text"

local hedge, policy = spec.module "hedge", spec.module "policy"

local number = 0

--- A route whose target has given `count` good answers, each after `ms`.
local function route_of(count, ms, kind)
  number = number + 1
  local cell = health.target("hedged:" .. number, {})
  for _ = 1, count do
    assert(cell:enter())
    spec.clock_advance(ms)
    cell:leave(nil, "ok")
  end
  return { kind = kind or "own", cell = cell }
end

local function request_of(more)
  local request = { surface = { name = "chat" }, stream = false }
  for name, value in pairs(more or {}) do request[name] = value end
  return request
end

describe("the delay of a hedge", function()
  before_each(function() spec.clock(1700000000) end)
  after_each(function() spec.clock() end)

  local fixed = { delay = 300, max = 1 }

  it("is what is written", function()
    assert.are.equal(300, hedge.delay(fixed, request_of(), {}, route_of(0)))
    assert.is_nil(hedge.delay(nil, request_of(), {}, route_of(0)))
  end)

  it("is what nineteen of twenty answers take, once twenty are known", function()
    local measured = { delay = "p95", max = 1 }
    assert.is_nil(hedge.delay(measured, request_of(), {}, route_of(0)))
    assert.is_nil(hedge.delay(measured, request_of(), {}, route_of(19, 200)))
    for _, stream in ipairs { true, false } do
      local delay = hedge.delay(measured, request_of { stream = stream }, {}, route_of(40, 200))
      assert.is_true(delay >= 150 and delay <= 260, tostring(delay))
    end
    assert.are.equal(16, hedge.delay(measured, request_of(), {}, route_of(40, 1)))
  end)

  it("is none where a try could meet another one's body", function()
    local face = { surface = { name = "chat", face = {} } }
    assert.is_nil(hedge.delay(fixed, request_of(), { sign = true }, route_of(0)))
    assert.is_nil(hedge.delay(fixed, request_of(), { several = {} }, route_of(0)))
    assert.are.equal(300, hedge.delay(fixed, request_of(), { sign = true }, route_of(0, 0, "translated")))
    assert.is_nil(hedge.delay(fixed, request_of(face), { sign = true }, route_of(0, 0, "translated")))
    assert.are.equal(300, hedge.delay(fixed, request_of(face), {}, route_of(0, 0, "translated")))
  end)

  it("is none for what is no chat, has no network, or goes through plugins word by word", function()
    assert.is_nil(hedge.delay(fixed, request_of { surface = { name = "embeddings" } }, {}, route_of(0)))
    assert.is_nil(hedge.delay(fixed, request_of(), {}, route_of(0, 0, "local")))
    assert.is_nil(hedge.delay(fixed, request_of { visit = { chain = { on_chunk = {} } } }, {}, route_of(0)))
    assert.are.equal(300, hedge.delay(fixed, request_of { visit = { chain = {} } }, {}, route_of(0)))
  end)
end)

--- A race whose entrants all end in one turn, the first told first.
local function races_at_once(tries, outcomes)
  local kept, begun = { open = hedge.open, run = tries.run }, {}
  tries.run = function(_, request, _, target)
    local outcome = outcomes[target.name]
    if outcome.enters then
      assert(outcome.enters:enter())
      request.inside = outcome.enters
      spec.clock_advance(outcome.after)
      coroutine.yield()
    end
    if outcome.wins then request.win(request) end
    return outcome.answered, outcome.failure, outcome.reason
  end
  hedge.open = function()
    local door, told = {}, {}
    function door.start(_, fn, entrant) begun[#begun + 1] = coroutine.wrap(function() fn(entrant) end) end
    function door.keep(_, index)
      for i = 1, #begun do told[i] = told[i] or i ~= index end
    end
    function door.await()
      if #begun == 1 then return nil end -- the delay is over
      while not door.ran do
        door.ran = true
        for i, run in ipairs(begun) do
          if not told[i] then run() end
        end
      end
      for i in ipairs(begun) do
        if not told[i] then
          told[i] = true
          return i
        end
      end
      error "waits for ever"
    end
    return door
  end
  return function() hedge.open, tries.run = kept.open, kept.run end
end

describe("a race that ends in one turn", function()
  local tries, call = spec.module "tries", {}
  function call.drained() return false end
  function call.note_won() end
  function call.note_hedge() end

  local function run(outcomes)
    local targets = {
      { name = "a", provider = { name = "a" } }, { name = "b", provider = { name = "b" } },
    }
    local plan, left = { model = "m", routes = {} }, { targets[2] }
    for _, target in ipairs(targets) do plan.routes[target] = route_of(0) end
    local supply = { next = function() return table.remove(left) end, asked = function() end }
    local undo = races_at_once(tries, outcomes)
    local ran, ended = pcall(hedge.run, call, request_of(), plan, targets[1], { max = 1 }, 1, supply)
    undo()
    assert(ran, ended)
    for i, entrant in ipairs(ended) do ended[i] = entrant.target.name end
    return table.concat(ended, " ")
  end

  local failure = { status = 502 }

  it("tells of everybody who has failed", function()
    assert.are.equal("a b", run { a = { failure = failure }, b = { failure = failure } })
    assert.are.equal("a b", run { a = { failure = failure }, b = { reason = "open" } })
  end)

  it("measures who was cut off", function()
    spec.clock(1700000000)
    local slow = route_of(20, 100).cell
    run { a = { enters = slow, after = 1000 }, b = { wins = true, answered = true } }
    assert.is_true(slow:figures().latency_ms > 200)
    assert.are.equal(0, slow:figures().in_flight)
    spec.clock()
  end)

  it("is over with the one that has won, whatever the others said, and plugins say", function()
    assert.are.equal("b", run { a = { failure = failure }, b = { wins = true, answered = true } })
    assert.are.equal("b", run { a = { failure = failure }, b = { wins = true, failure = failure } })
  end)
end)

describe("strategy.hedge", function()
  it("stands for numbers", function()
    assert.is_nil(policy.hedge({}, false))
    assert.are.same({ delay = "p95", max = 1 }, policy.hedge({ hedge = {} }, nil))
    assert.are.same({ delay = 1500, max = 2 }, policy.hedge({ hedge = { delay = "1.5s", max = 2 } }, nil))
    assert.is_nil(policy.hedge({ hedge = {} }, true))
  end)

  it("is checked", function()
    local function report(text)
      return config_text.report("targets: auto\nstrategy: { mode: fallback, hedge: " .. text .. " }")
    end
    local delay = "f:2:45: strategy.hedge.delay: must be p95, or a duration from 1ms to 10m"
    assert.are.equal(delay, report "{ delay: p96 }")
    assert.are.equal(delay, report "{ delay: 0s }")
    assert.are.equal("f:2:43: strategy.hedge.max: must be between 1 and 3, got 4", report "{ max: 4 }")
    local strategies = { single = { name = "single", named = true } }
    local _, refused = config_text.load("targets: auto\nstrategy: { mode: single, hedge: {} }", nil, nil,
      { strategies = strategies })
    assert.are.equal("f:2:34: strategy.hedge needs a mode that goes on to other targets; single does not", refused)
  end)
end)
