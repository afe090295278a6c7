-- SPDX-License-Identifier: Apache-2.0

local spec = require "gateway.spec"

local contract, fallback = spec.script("strategies", "contract"), spec.script("strategies", "fallback")

describe("the strategy fallback", function()
  it("keeps the contract", function()
    assert.is_true(contract.check(fallback, "fallback"))
  end)

  it("asks the targets as the configuration orders them, without a new list", function()
    local targets = { { name = "a" }, { name = "b" } }
    assert.equal(targets, fallback.choose(targets, {}))
    assert.equal("a", targets[1].name)
  end)

  it("is a pool: whoever fails is followed by the next", function()
    assert.is_nil(fallback.named)
  end)
end)
