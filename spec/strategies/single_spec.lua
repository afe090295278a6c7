-- SPDX-License-Identifier: Apache-2.0

local spec = require "gateway.spec"

local contract, single = spec.script("strategies", "contract"), spec.script("strategies", "single")

describe("the strategy single", function()
  it("keeps the contract", function()
    assert.is_true(contract.check(single, "single"))
  end)

  it("asks the first target and no other", function()
    local a, b = { name = "a" }, { name = "b" }
    local chosen = single.choose({ a, b }, {})
    assert.equal(1, #chosen)
    assert.equal(a, chosen[1])
    assert.is_true(single.named)
  end)

  it("makes no new list of one target", function()
    local targets = { { name = "a" } }
    assert.equal(targets, single.choose(targets, {}))
  end)
end)
