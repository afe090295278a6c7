-- SPDX-License-Identifier: Apache-2.0

local clock = require "gateway.clock"

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
end)
