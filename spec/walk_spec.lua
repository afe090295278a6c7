-- SPDX-License-Identifier: Apache-2.0

local spec = require "gateway.spec"

local routing = require "spec.support.routing"

local attempt, tries, walk = spec.module "attempt", spec.module "tries", spec.module "walk"

--- Targets, their cells, and what each of them answers, one try after the other: "ok", or a Failure.
local world

local function cell_make(name)
  local cell = { name = name, doors = {}, verdicts = {} }
  function cell.enter(_, _, soon)
    local slow = cell.state == "busy" or cell.state == "throttled"
    if cell.state and (soon or not slow) then return nil, cell.state, cell.wait end
    local door = table.remove(cell.doors, 1)
    if door then return nil, door, cell.wait end
    world.inside = world.inside + 1
    return true, nil, cell.entering
  end
  function cell.leave(_, _, verdict, wait)
    world.inside = world.inside - 1
    table.insert(cell.verdicts, wait and ("%s %d"):format(verdict, wait) or verdict)
    return cell.event
  end
  return cell
end

local function call_make()
  local call = routing.call()
  function call.trace_id() return ("0"):rep(32) end
  function call.note_route() end
  function call.drained() return world.left == true end
  function call.note_failure(_, text) world.cause = text end
  return call
end

local function fail(status, more)
  local failure = { status = status, upstream_status = status, code = "upstream_error", message = "no", type = "x" }
  for name, value in pairs(more or {}) do failure[name] = value end
  return failure
end

--- Two targets a and b under a strategy; `answers` by name.
local function open(answers, options)
  options = options or {}
  world = { asked = {}, slept = {}, inside = 0, answers = answers, cells = {} }
  local targets = routing.targets("a b c")
  while #targets > (options.count or 2) do table.remove(targets) end
  world.plan = routing.plan({ mode = options.mode or "fallback" }, targets,
    { strategies = options.strategies, tree = options.tree })
  for _, target in ipairs(targets) do
    target.retry = { attempts = options.attempts or 1, initial_backoff_ms = 0 }
    local cell = cell_make(target.name)
    world.cells[target.name], world.plan.routes[target].cell = cell, cell
  end
  world.request = { model = "m", surface = { name = "chat", endpoint = "chat" }, deadline_at = options.deadline_at }
  return world
end

local function go()
  world.failure = walk.run(call_make(), world.request, world.plan)
  return table.concat(world.asked, " ")
end

--- The lines of the log that a walk leaves, with their targets.
local function lines(pattern)
  spec.logged()
  go()
  local found = {}
  for _, line in ipairs(spec.logged()) do
    if line.msg:find(pattern) then table.insert(found, line.msg .. " " .. line.target) end
  end
  return found
end

local kept = {
  run = attempt.run, sleep = tries.sleep, spend = tries.spend, enter = tries.enter, leave = tries.leave,
}

setup(function()
  attempt.run = function(_, _, target)
    table.insert(world.asked, target.name)
    local list = world.answers[target.name]
    local answer = #list > 1 and table.remove(list, 1) or list[1]
    if answer == "ok" then return true end
    if answer.begun then return true, answer end
    return nil, answer
  end
  tries.sleep = function(_, pause) table.insert(world.slept, pause) end
  tries.enter = function(cell, ...) return cell:enter(...) end
  tries.leave = function(cell, ...) return cell:leave(...) end
end)

teardown(function()
  attempt.run, tries.sleep, tries.enter, tries.leave = kept.run, kept.sleep, kept.enter, kept.leave
end)

after_each(function()
  tries.spend = kept.spend
  assert.equal(0, world.inside, "whoever enters leaves")
end)

describe("a walk over targets", function()
  it("ends with the first that answers", function()
    open { a = { "ok" }, b = { "ok" } }
    assert.equal("a", go())
    assert.is_nil(world.failure)
    assert.same({ "ok" }, world.cells.a.verdicts)
  end)

  it("goes on after a failure, and the last one's is the client's", function()
    open { a = { fail(500) }, b = { fail(503, { retry_after = 2 }) } }
    assert.equal("a b", go())
    assert.equal(503, world.failure.status)
    assert.equal("all providers failed: target b: it answered 503 (upstream_error)", world.cause)
    assert.same({ "failure" }, world.cells.a.verdicts)
    assert.same({ "failure 2000" }, world.cells.b.verdicts)
    assert.is_true(world.request.moved)
  end)

  it("ends with a failure that all would repeat", function()
    open { a = { fail(400, { final = true }) }, b = { "ok" } }
    assert.equal("a", go())
    assert.same({ "neither" }, world.cells.a.verdicts)
  end)

  it("asks nobody after the one that the strategy names", function()
    open({ a = { fail(500) }, b = { "ok" } }, { mode = "single" })
    assert.equal("a", go())
    assert.equal("target a: it answered 500 (upstream_error)", world.cause)
  end)

  it("tells the transport's words, and never an upstream's", function()
    open { a = { "ok" }, b = { "ok" } }
    world.answers = { a = { fail(400, { message = "secret words", final = true }) }, b = {} }
    go()
    assert.is_nil(world.cause:find "secret")
    open { a = { { status = 502, code = "upstream_reset", message = "x", detail = "10.0.0.1:80 went", final = true } } }
    go()
    assert.equal("all providers failed: target a: 10.0.0.1:80 went", world.cause)
  end)

  it("judges a stream by its end", function()
    open { a = { fail(502, { begun = true, upstream_status = nil }) }, b = { "ok" } }
    assert.equal("a", go())
    assert.is_nil(world.failure, "the client has been told")
    assert.same({ "failure" }, world.cells.a.verdicts)
  end)

  it("has nobody when the strategy has nobody", function()
    local none = function() return {} end
    open({ a = { "ok" }, b = { "ok" } }, { mode = "none", strategies = { none = none } })
    assert.equal("", go())
    assert.equal("model_not_found", world.failure.code)
  end)
end)

describe("targets that cannot be asked now", function()
  it("are passed by when they are down", function()
    for _, reason in ipairs { "open", "unhealthy" } do
      open { a = { "ok" }, b = { "ok" } }
      world.cells.a.state = reason
      assert.equal("b", go())
      assert.is_nil(world.request.moved)
    end
  end)

  it("are passed by when they were down at the door", function()
    open { a = { "ok" }, b = { "ok" } }
    world.cells.a.doors = { "open" }
    assert.equal("b", go())
    assert.same({}, world.cells.a.verdicts)
  end)

  it("are down all of them: the client learns when to come again, and no upstream is asked", function()
    open { a = { "ok" }, b = { "ok" } }
    world.cells.a.state, world.cells.a.wait = "open", 9100
    world.cells.b.state, world.cells.b.wait = "unhealthy", 2300
    assert.equal("", go())
    assert.same({ 503, "upstream_unavailable", 3 },
      { world.failure.status, world.failure.code, world.failure.retry_after })
    assert.equal("all providers failed: target b: upstream_unavailable", world.cause)
  end)

  it("are asked behind the others when they are throttled", function()
    open({ a = { "ok" }, b = { fail(500) }, c = { fail(500) } }, { count = 3 })
    world.cells.a.state = "throttled"
    assert.equal("b c a", go())
    assert.is_nil(world.failure)
  end)

  it("are asked all the same when everybody is throttled", function()
    open { a = { "ok" }, b = { "ok" } }
    world.cells.a.state, world.cells.b.state = "throttled", "throttled"
    assert.equal("a", go())
  end)

  it("are waited for only when nobody is free, and before those that are throttled", function()
    open({ a = { fail(500) }, b = { fail(500) }, c = { fail(500) } }, { count = 3 })
    world.cells.a.state, world.cells.b.state = "throttled", "busy"
    assert.equal("c b a", go())
  end)

  it("are saturated: the next one is asked, and 429 says so when there is none", function()
    open { a = { "ok" }, b = { "ok" } }
    world.cells.a.doors = { "saturated" }
    assert.equal("b", go())
    open { a = { "ok" }, b = { "ok" } }
    world.cells.a.doors, world.cells.b.doors = { "saturated" }, { "saturated" }
    assert.equal("", go())
    assert.same({ 429, "provider_saturated", 1 },
      { world.failure.status, world.failure.code, world.failure.retry_after })
  end)

  it("are asked although they are slow where the strategy names them", function()
    for _, reason in ipairs { "busy", "throttled" } do
      open({ a = { "ok" }, b = { "ok" } }, { mode = "single" })
      world.cells.a.state = reason
      assert.equal("a", go())
    end
  end)

  it("are asked although they are slow where the strategy of their group alone names them", function()
    local tree = { { name = "g", strategy = { mode = "single" }, members = { "a" } }, "b" }
    open({ a = { "ok" }, b = { "ok" } }, { tree = tree })
    world.cells.a.state = "busy"
    assert.equal("a", go())
    open({ a = { fail(500) }, b = { "ok" } }, { tree = tree })
    world.cells.b.state = "busy"
    assert.equal("a b", go())
  end)

  it("leave their place to the next where the strategy names them and they are down", function()
    local named = { name = "first", named = true, choose = function(list) return list end }
    local options = { count = 3, mode = "first", strategies = { first = named } }
    open({ a = { "ok" }, b = { fail(500) }, c = { "ok" } }, options)
    world.cells.a.state = "open"
    assert.equal("b", go())
    assert.equal("target b: it answered 500 (upstream_error)", world.cause)
  end)
end)

describe("tries at one target", function()
  it("are as many as its policy says", function()
    open({ a = { fail(500) }, b = { "ok" } }, { attempts = 3 })
    assert.equal("a a a b", go())
    assert.same({ "failure", "failure", "failure" }, world.cells.a.verdicts)
    assert.equal(2, #world.slept)
  end)

  it("end with an answer", function()
    open({ a = { fail(503), "ok" }, b = { "ok" } }, { attempts = 3 })
    assert.equal("a a", go())
    assert.same({ "failure", "ok" }, world.cells.a.verdicts)
  end)

  it("end when a breaker has opened meanwhile: the upstream's own failure is told", function()
    open({ a = { fail(500) }, b = { fail(502, { code = "other" }) } }, { attempts = 3, mode = "single" })
    world.cells.a.doors = { nil }
    local enter, count = world.cells.a.enter, 0
    world.cells.a.enter = function(...)
      count = count + 1
      if count > 1 then return nil, "open", 5000 end
      return enter(...)
    end
    assert.equal("a", go())
    assert.same({ 500, "upstream_error" }, { world.failure.status, world.failure.code })
  end)

  it("wait as long as the upstream asks, at most thirty seconds", function()
    open({ a = { fail(429, { retry_after = 2 }), "ok" } }, { attempts = 2, count = 1 })
    assert.equal("a a", go())
    assert.same({ 2000 }, world.slept)
    open({ a = { fail(429, { retry_after = 31 }), "ok" } }, { attempts = 2, count = 1 })
    assert.equal("a", go())
    assert.same({}, world.slept)
  end)

  it("end at once when the pause would outlast the deadline, with the upstream's failure", function()
    spec.clock(1e9)
    local now = require("gateway.clock").monotonic()
    open({ a = { fail(429, { retry_after = 2 }), "ok" }, b = { "ok" } }, { attempts = 2, deadline_at = now + 1999 })
    assert.equal("a b", go())
    open({ a = { fail(429, { retry_after = 2 }), "ok" } }, { attempts = 2, count = 1, deadline_at = now + 1999 })
    assert.equal("a", go())
    assert.equal(429, world.failure.status)
    open({ a = { fail(429, { retry_after = 2 }), "ok" } }, { attempts = 2, count = 1, deadline_at = now + 2001 })
    assert.equal("a a", go())
    spec.clock()
  end)

  it("end when the client has left, and with them the walk", function()
    open({ a = { fail(503), "ok" }, b = { "ok" } }, { attempts = 3 })
    world.left = true
    assert.equal("a", go())
    open({ a = { fail(503), "ok" }, b = { "ok" } }, { attempts = 3 })
    local slept = tries.sleep
    tries.sleep = function() world.left = true end
    assert.equal("a", go())
    tries.sleep = slept
  end)

  it("do not follow what a plugin refused", function()
    open({ a = { { status = 502, plugin = "guard", final = true, code = "response_rejected", message = "no" } } },
      { attempts = 3, count = 1 })
    assert.equal("a", go())
    assert.same({ "neither" }, world.cells.a.verdicts)
  end)

  it("tell of a breaker that has changed", function()
    open({ a = { fail(500) } }, { count = 1 })
    world.cells.a.entering, world.cells.a.event = "half-open", "opened"
    assert.same({ "circuit half-open a", "circuit opened a" }, lines "^circuit")
    open({ a = { "ok" } }, { count = 1 })
    world.cells.a.event = "closed"
    assert.same({ "circuit closed a" }, lines "^circuit")
  end)

  it("are refused when the budget for retries is spent: the failure stays the upstream's", function()
    tries.spend = function() return false end
    open({ a = { fail(503), "ok" }, b = { "ok" } }, { attempts = 3 })
    assert.equal("a b", go())
    open({ a = { fail(503), "ok" } }, { attempts = 3, count = 1 })
    assert.same({ "abandoning target: the retry budget is spent a" }, lines "^abandoning")
    assert.equal(503, world.failure.status)
  end)

  it("do not spend of it when they would not be made", function()
    local spent = 0
    tries.spend = function()
      spent = spent + 1
      return true
    end
    open({ a = { fail(429, { retry_after = 31 }) }, b = { fail(400) } }, { attempts = 3 })
    go()
    assert.equal(0, spent)
  end)
end)


