-- SPDX-License-Identifier: Apache-2.0

local draw = require "gateway.draw"

describe("gateway.draw", function()
  local three = draw.new({ "a", "b", "c" }, { 1, 0, 3 })

  it("draws by weight", function()
    assert.equal(1, three:chance(0))
    assert.equal(1, three:chance(0.249))
    assert.equal(3, three:chance(0.25))
    assert.equal(3, three:chance(0.999))
  end)

  it("draws nobody where nobody has a weight", function()
    assert.is_nil(draw.new({ "a" }, { 0 }):chance(0.5))
    assert.is_nil(draw.new({}, {}):chance(0.5))
    assert.is_nil(draw.new({}, {}):ranked "x")
  end)

  it("leads a text to the same ones, best first", function()
    assert.equal(2, select("#", three:ranked("user", 8)))
    assert.same({ three:ranked("user", 2) }, { three:ranked("user", 2) })
    assert.equal((three:ranked("user", 2)), (three:ranked "user"))
  end)

  it("makes a number of a text", function()
    local number = draw.hash "user"
    assert.is_true(number >= 0 and number < 1)
    assert.equal(number, draw.hash "user")
    assert.not_equal(number, draw.hash "user2")
  end)

  it("refuses weights that are none", function()
    for _, weight in ipairs { -1, math.huge, 0 / 0, "x" } do
      assert.has_error(function() draw.new({ "a" }, { weight }) end)
    end
    assert.has_error(function() draw.new({ "a" }, {}) end)
    assert.has_error(function() three:ranked("x", 9) end)
  end)

  describe("finds the smallest", function()
    it("first", function()
      assert.same({ nil, 3, 1, 2 }, { draw.least({ 5, 9, 1 }, 3) })
      assert.same({ nil, 3 }, { draw.least({ 5, 9, 1 }, 1) })
    end)

    it("of equal ones from a position round", function()
      assert.same({ nil, 2, 3 }, { draw.least({ 7, 7, 7 }, 2, 2) })
      assert.same({ nil, 3, 1 }, { draw.least({ 7, 7, 7 }, 2, 3) })
    end)

    it("beside what is unknown", function()
      assert.same({ 3, 2 }, { draw.least({ -1, 4, -1 }, 3, 3) })
      assert.same({ 1 }, { draw.least({ -1 }, 3) })
      assert.same({}, { draw.least({}, 3) })
    end)

    it("with a load on each", function()
      assert.same({ nil, 2, 1 }, { draw.least({ 10, 15 }, 2, 1, { 1, 0 }) })
      assert.same({ nil, 1, 2 }, { draw.least({ 10, 15 }, 2, 1, { 0, -1 }) })
    end)
  end)
end)
