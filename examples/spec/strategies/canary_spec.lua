-- SPDX-License-Identifier: Apache-2.0
local spec = require "gateway.spec"

local canary = spec.script("strategies", "canary")
local old, new = { name = "old", weight = 95 }, { name = "new", weight = 5 }

describe("canary", function()
  before_each(function() spec.seed(1) end)

  it("asks the new target first about as often as its weight says", function()
    local first = { old = 0, new = 0 }
    for _ = 1, 10000 do
      local name = canary.choose({ old, new })[1].name
      first[name] = first[name] + 1
    end
    assert.is_true(first.new > 400 and first.new < 600, first.new .. " of 10000")
  end)

  it("always names every target once", function()
    for _ = 1, 100 do
      local list = canary.choose { old, new }
      assert.are.equal(2, #list)
      assert.are_not.equal(list[1], list[2])
    end
  end)

  it("does without weights", function()
    local a, b = { name = "a", weight = 0 }, { name = "b", weight = 0 }
    assert.are.same({ a, b }, canary.choose { a, b })
  end)
end)
