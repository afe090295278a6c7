-- SPDX-License-Identifier: Apache-2.0
local spec = require "gateway.spec"

local contract = spec.script("providers", "contract")
local inkwell = spec.script("providers", "inkwell")

describe("the provider inkwell", function()
  it("keeps the contract of providers", function()
    assert.is_true(contract.check(inkwell, "inkwell"))
  end)

  it("can be elsewhere, and wants its key in a header of its own", function()
    assert.are.same({ "INKWELL_BASE_URL" }, inkwell.env.base)
    assert.are.equal("x-inkwell-key", inkwell.auth.header)
  end)
end)
