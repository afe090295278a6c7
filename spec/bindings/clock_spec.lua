-- SPDX-License-Identifier: Apache-2.0

local clock = require "gateway.clock"
local spec = require "gateway.spec"

describe("gateway.clock", function()
  it("tells the time of day in seconds", function()
    local before, now, after = os.time(), clock.now(), os.time()
    assert.is_true(now >= before and now < after + 1)
  end)

  it("tells fractions of a second", function()
    local whole = true
    for _ = 1, 10 do
      local now = clock.now()
      whole = whole and now == math.floor(now)
    end
    assert.is_false(whole)
  end)

  it("has a monotonic clock in milliseconds that moves forward", function()
    local first, start = clock.monotonic(), clock.now()
    while clock.now() - start < 0.02 do end
    local passed = clock.monotonic() - first
    assert.is_true(passed >= 15 and passed < 5000)
  end)

  describe("fixed by a spec", function()
    after_each(function() spec.clock() end)

    it("stands still", function()
      spec.clock(1700000000.25)
      local moment = clock.monotonic()
      assert.equal(1700000000.25, clock.now())
      assert.equal(1700000000.25, clock.now())
      assert.equal(moment, clock.monotonic())
    end)

    it("moves when it is told to, both times alike", function()
      spec.clock(1000)
      local moment = clock.monotonic()
      spec.clock_advance(1500)
      assert.equal(1001.5, clock.now())
      assert.equal(1500, clock.monotonic() - moment)
    end)

    it("is the system's again afterwards", function()
      spec.clock(1000)
      spec.clock()
      assert.is_true(clock.now() > 1700000000)
      assert.has_error(function() spec.clock_advance(1) end)
    end)

    it("does not go back", function()
      spec.clock(1000)
      assert.has_error(function() spec.clock_advance(-1) end)
    end)
  end)

  it("writes every day of the calendar", function()
    for stamp, shown in pairs {
      [0] = "1970-01-01T00:00:00.000Z", [951782399.999] = "2000-02-28T23:59:59.999Z",
      [951782400] = "2000-02-29T00:00:00.000Z", [4107542399] = "2100-02-28T23:59:59.000Z",
      [4107542400] = "2100-03-01T00:00:00.000Z", [1798761599.5] = "2026-12-31T23:59:59.500Z",
      [0.9996] = "1970-01-01T00:00:01.000Z",
    } do
      assert.are.equal(shown, clock.iso(stamp))
    end
    for _, stamp in ipairs { -1, 253402300800, 0 / 0 } do
      assert.has_error(function() clock.iso(stamp) end)
    end
  end)
end)
