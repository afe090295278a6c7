-- SPDX-License-Identifier: Apache-2.0

local health = require "gateway.health"
local spec = require "gateway.spec"

local number = 0

--- A cell nobody has named before.
local function fresh(options)
  number = number + 1
  return health.target("target:" .. number, options or {})
end

local function try(cell, verdict, hint)
  assert(cell:enter())
  return cell:leave(nil, verdict, hint)
end

describe("gateway.health", function()
  before_each(function() spec.clock(1700000000) end)
  after_each(function() spec.clock() end)

  it("gives the same cell for the same key", function()
    local one = health.target("same", { label = "one" })
    assert.equal(one, health.target("same", {}))
    assert.equal(one:model "m", one:model "m")
    assert.are_not.equal(one:model "m", one:model "n")
  end)

  it("lets everything in where no breaker and no limit are", function()
    local cell = fresh()
    for _ = 1, 50 do try(cell, "failure") end
    assert.is_nil(cell:look())
    assert.is_nil(cell:figures().circuit)
  end)

  it("opens after failures in a row, and closes after a probe that went well", function()
    local cell = fresh { breaker = { failure_threshold = 3, timeout_ms = 1000 } }
    try(cell, "failure")
    try(cell, "failure")
    try(cell, "ok")
    try(cell, "failure")
    try(cell, "failure")
    assert.equal("closed", cell:figures().circuit)
    assert.equal(2, cell:figures().failures)
    assert.equal("opened", try(cell, "failure"))
    assert.same({ "open", 1000 }, { cell:look() })
    assert.same({ nil, "open", 1000 }, { cell:enter() })
    spec.clock_advance(1000)
    assert.equal("half-open", cell:figures().circuit)
    assert.is_nil(cell:look())
    assert.same({ true, "half-open", "half-open" }, { cell:enter() })
    assert.same({ "open" }, { cell:look() })
    assert.same({ nil, "open" }, { cell:enter() })
    assert.equal("closed", cell:leave(nil, "ok"))
    assert.is_nil(cell:look())
  end)

  it("opens again when a probe fails, and gives a probe back that tells nothing", function()
    local cell = fresh { breaker = { failure_threshold = 1, timeout_ms = 100, success_threshold = 2 } }
    assert.equal("opened", try(cell, "failure"))
    spec.clock_advance(100)
    assert.is_nil(try(cell, "neither"))
    assert.is_nil(try(cell, "ok"))
    assert.equal("half-open", cell:figures().circuit)
    assert.equal("opened", try(cell, "failure"))
    spec.clock_advance(100)
    assert.is_nil(try(cell, "ok"))
    assert.equal("closed", try(cell, "ok"))
  end)

  it("ignores what comes late from before it opened", function()
    local cell = fresh { breaker = { failure_threshold = 1, timeout_ms = 100 } }
    assert(cell:enter())
    assert(cell:enter())
    assert(cell:enter())
    assert.equal("opened", cell:leave(nil, "failure"))
    assert.is_nil(cell:leave(nil, "failure"))
    spec.clock_advance(100)
    assert.is_nil(cell:leave(nil, "failure"))
    assert.equal("half-open", cell:figures().circuit)
  end)

  it("opens when too large a share of the last calls failed", function()
    local breaker = { failure_threshold = 100, window = { ms = 1000, min_requests = 10, error_rate = 0.5 } }
    local cell, slow = fresh { breaker = breaker }, fresh { breaker = breaker }
    for _ = 1, 5 do try(cell, "ok") end
    for _ = 1, 4 do assert.is_nil(try(cell, "failure")) end
    assert.equal("opened", try(cell, "failure"))
    for _ = 1, 30 do
      assert.is_nil(try(slow, "failure"))
      spec.clock_advance(300)
    end
  end)

  it("keeps a model's breaker apart from the target's others", function()
    local target = fresh { breaker = { failure_threshold = 1 }, concurrency = { max = 2 } }
    local a, b = target:model "a", target:model "b"
    assert.equal("opened", try(a, "failure"))
    assert.equal("open", (a:look()))
    assert.is_nil(b:look())
    assert(b:enter())
    assert(b:enter())
    assert.equal("busy", (target:look()))
    b:leave(nil, "ok")
    b:leave(nil, "ok")
    assert.is_nil(target:look())
  end)

  it("shares the target's own cell when 64 models have theirs", function()
    local target = fresh()
    for i = 1, 64 do assert.are_not.equal(target, target:model("m" .. i)) end
    assert.equal(target, target:model "m65")
    assert.are_not.equal(target, target:model "m64")
  end)

  it("gives names that only a client has said half of those at most", function()
    local target = fresh()
    for i = 1, 32 do assert.are_not.equal(target, target:model("guess" .. i, true)) end
    assert.equal(target, target:model("guess33", true))
    assert.are_not.equal(target, target:model "m1")
    assert.are_not.equal(target, target:model("m1", true))
  end)

  it("says which models have cells, when it has changed", function()
    local target = fresh()
    local names, mark = target:models()
    assert.same({}, names)
    assert.is_nil(target:models(mark))
    target:model "b"
    target:model(("a"):rep(256))
    target:model(("c"):rep(257))
    names, mark = target:models(mark)
    table.sort(names)
    assert.same({ ("a"):rep(256), "b" }, names)
    assert.is_nil(target:models(mark))
  end)

  it("lets in no more than the limit", function()
    local cell = fresh { concurrency = { max = 2 } }
    assert(cell:enter())
    assert(cell:enter())
    assert.same({ nil, "saturated" }, { cell:enter() })
    assert.equal("busy", (cell:look()))
    assert.equal(2, cell:figures().in_flight)
    cell:leave(nil, "neither")
    assert.is_true((cell:enter()))
    cell:leave(nil, "ok")
    cell:leave(nil, "ok")
    assert.equal(0, cell:figures().in_flight)
  end)

  it("leaves a target alone that refuses again and again, twice as long each time", function()
    local cell = fresh()
    try(cell, "throttled")
    assert.is_nil(cell:look())
    try(cell, "throttled")
    assert.same({ "throttled", 500 }, { cell:look() })
    assert.is_true((cell:enter()))
    cell:leave(nil, "throttled")
    assert.same({ "throttled", 500 }, { cell:look() })
    spec.clock_advance(500)
    for _, pause in ipairs { 1000, 2000, 4000, 8000, 16000, 30000, 30000 } do
      try(cell, "throttled")
      assert.equal(pause, cell:figures().throttled_ms)
      spec.clock_advance(pause)
    end
    try(cell, "ok")
    try(cell, "throttled")
    assert.is_nil(cell:look())
  end)

  it("leaves a target alone at once for as long as it says, at most a minute", function()
    local cell = fresh()
    try(cell, "throttled", 90000)
    assert.same({ "throttled", 60000 }, { cell:look() })
    try(cell, "throttled")
    assert.equal(60000, cell:figures().throttled_ms)
    spec.clock_advance(60000)
    try(cell, "throttled")
    assert.equal(500, cell:figures().throttled_ms)
  end)

  it("does not let in who does not want to wait, where there is something to wait for", function()
    local full, held = fresh { concurrency = { max = 1 } }, fresh()
    assert.is_true(full:enter(nil, true))
    assert.same({ nil, "busy" }, { full:enter(nil, true) })
    assert.same({ nil, "saturated" }, { full:enter() })
    full:leave(nil, "ok")
    try(held, "throttled", 2000)
    assert.same({ nil, "throttled", 2000 }, { held:enter(nil, true) })
    assert.is_true(held:enter(nil, false))
    held:leave(nil, "ok")
  end)

  it("measures what went well", function()
    local cell, out = fresh(), {}
    health.read({ cell }, "latency", out)
    assert.equal(-1, out[1])
    assert(cell:enter())
    spec.clock_advance(100)
    cell:leave(nil, "ok")
    assert(cell:enter())
    spec.clock_advance(9000)
    cell:leave(nil, "failure")
    health.read({ cell }, "latency", out)
    assert.equal(100, out[1])
    assert.is_true(math.abs(cell:figures().p95_ms - 100) < 15)
    for _ = 1, 10 do
      assert(cell:enter())
      spec.clock_advance(1000)
      cell:leave(nil, "ok")
    end
    health.read({ cell, cell }, "first_token", out)
    assert.is_true(out[2] > 850 and out[2] <= 1000)
    health.read({ cell }, "samples", out)
    assert.equal(22, out[1])
  end)

  it("counts who was cut off with the time it took, where that is longer than usual", function()
    local cell, fresh_one = fresh(), fresh()
    local function lose(ms, at)
      assert((at or cell):enter())
      spec.clock_advance(ms)
      return (at or cell):lose(nil, false)
    end
    for _ = 1, 10 do
      assert(cell:enter())
      spec.clock_advance(100)
      cell:leave(nil, "ok")
    end
    lose(20)
    assert.equal(100, cell:figures().latency_ms)
    for _ = 1, 10 do lose(1000) end
    assert.is_true(cell:figures().latency_ms > 500)
    assert.is_true(cell:figures().p95_ms > 800)
    assert.equal(0, cell:figures().in_flight)
    lose(1000, fresh_one)
    assert.is_nil(fresh_one:figures().latency_ms)
  end)

  it("says unhealthy what active checks call so", function()
    local cell = fresh()
    cell:unhealthy(true)
    assert.equal("unhealthy", (cell:look()))
    assert.same({ nil, "unhealthy" }, { cell:enter() })
    cell:unhealthy(false)
    assert.is_nil(cell:look())
  end)

  it("rotates over the credentials that can be used", function()
    local cell = fresh()
    assert.same({ 1, 2, 3, 1 }, { cell:credential_next(3), cell:credential_next(3), cell:credential_next(3),
      cell:credential_next(3) })
    cell:credential_set(2, "disabled", 5000)
    assert.same({ "disabled", 5000 }, { cell:credential_state(2) })
    for _ = 1, 6 do assert.are_not.equal(2, cell:credential_next(3)) end
    cell:credential_set(1, "throttled", 1000)
    cell:credential_set(3, "throttled", 2000)
    assert.equal(1, cell:credential_next(3))
    spec.clock_advance(1000)
    assert.equal(1, cell:credential_next(3))
  end)

  it("tries a disabled credential once when its time is over", function()
    local cell = fresh()
    cell:credential_set(1, "disabled", 1000)
    spec.clock_advance(1000)
    local seen = {}
    for _ = 1, 4 do
      local index = cell:credential_next(2)
      seen[index] = (seen[index] or 0) + 1
    end
    assert.same({ 1, 3 }, seen)
    cell:credential_set(1, nil)
    assert.is_nil(cell:credential_state(1))
  end)

  it("lets retries be a share of the requests, and some in any case", function()
    spec.clock_advance(60000)
    local cell = fresh()
    health.budget(0.5, 0)
    for _ = 1, 10 do try(cell, "ok") end
    for _ = 1, 5 do assert.is_true(health.spend()) end
    assert.is_false(health.spend())
    spec.clock_advance(11000)
    assert.is_false(health.spend())
    health.budget(0.5, 0.2)
    assert.same({ true, true, false }, { health.spend(), health.spend(), health.spend() })
    health.budget(0.2, 10)
  end)

  it("lists the cells of this generation", function()
    local target = health.target("listed", { label = "acme", breaker = {} })
    target:model "large"
    local found = {}
    for _, cell in ipairs(health.cells()) do
      if cell.label == "acme" then found[#found + 1] = { cell.model or "", cell.figures.circuit } end
    end
    assert.same({ { "", "closed" }, { "large", "closed" } }, found)
  end)

  it("raises for who leaves without having entered", function()
    assert.has_error(function() fresh():leave(nil, "ok") end, "this call has not entered there")
  end)
end)
