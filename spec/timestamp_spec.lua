-- SPDX-License-Identifier: Apache-2.0
local timestamp = require("gateway.spec").module "timestamp"

describe("a timestamp", function()
  it("is RFC 3339 in UTC with nanoseconds", function()
    assert.are.equal("1970-01-01T00:00:00.000000000Z", timestamp.text(0))
    assert.are.equal("2026-08-01T10:00:00.500000000Z", timestamp.text(1785578400.5))
    assert.are.equal("2026-08-01T10:00:00.123000000Z", timestamp.text(1785578400.123))
    assert.are.equal("2026-08-01T10:00:01.000000000Z", timestamp.text(1785578400.9999999))
    assert.are.equal("2024-02-29T23:59:59.000000000Z", timestamp.text(1709251199))
    assert.are.equal("2100-03-01T00:00:00.000000000Z", timestamp.text(4107542400))
  end)

  it("agrees with the system's calendar", function()
    for seconds = 0, 4e9, 12345677 do
      assert.are.equal(os.date("!%Y-%m-%dT%H:%M:%S", seconds), timestamp.text(seconds):sub(1, 19))
    end
  end)
end)
