-- SPDX-License-Identifier: Apache-2.0

local clock = require "gateway.clock"
local metrics = require "gateway.metrics"
local spec = require "gateway.spec"
local task = require "gateway.task"

describe("gateway.task in specs", function()
  it("puts work off until the spec asks for it", function()
    local seen = {}
    assert.is_true(task.later(function(...) seen[#seen + 1] = { ... } end, 1, "two"))
    assert.are.same({}, seen)
    assert.are.equal(1, spec.background())
    assert.are.same({ { 1, "two" } }, seen)
    assert.are.equal(0, spec.background())
  end)

  it("runs what is put off by work that was put off", function()
    local order = {}
    task.later(function()
      order[1] = "first"
      task.later(function() order[2] = "second" end)
    end)
    assert.are.equal(2, spec.background())
    assert.are.same({ "first", "second" }, order)
  end)

  it("keeps a nil between arguments", function()
    local count
    task.later(function(...) count = select("#", ...) end, nil, 2, nil)
    spec.background()
    assert.are.equal(3, count)
  end)

  it("takes functions only", function()
    assert.has_error(function() task.later "x" end)
    assert.has_error(function() task.later() end)
  end)

  it("lets time pass at once where something sleeps", function()
    spec.clock(1000)
    spec.slept()
    clock.sleep(1500)
    assert.are.equal(1001.5, clock.now())
    assert.are.equal(1500, spec.slept())
    assert.are.equal(0, spec.slept())
    spec.clock()
  end)

  it("sleeps a minute at most", function()
    for _, milliseconds in ipairs { -1, 60001, 0 / 0 } do
      assert.has_error(function() clock.sleep(milliseconds) end)
    end
  end)
end)

describe("gateway.metrics for scripts", function()
  it("counts events by plain names", function()
    assert.has_no_error(function() metrics.count "plugin.cache-hit_2" end)
    assert.has_no_error(function() metrics.count("a", 5) end)
    for _, name in ipairs { "", "A", "a b", "a{", ("x"):rep(65) } do
      assert.has_error(function() metrics.count(name) end)
    end
    assert.has_error(function() metrics.count("a", -1) end)
    assert.has_error(function() metrics.count() end)
  end)
end)
