-- SPDX-License-Identifier: Apache-2.0
local spec = require "gateway.spec"

local contract = spec.script("admin", "contract")

describe("the contract of admin scripts", function()
  it("takes functions by endpoints and nothing else", function()
    local function problem(script) return select(2, contract.check(script)) end
    assert.matches("table", problem(7))
    assert.matches("no endpoint", problem {})
    assert.matches("models must be a function", problem { models = 1 })
    assert.matches("must be a name", problem { ["GET /x"] = print })
  end)

  it("is kept by every bundled one", function()
    for _, name in ipairs(spec.list "admin") do assert.is_true(contract.check(spec.script("admin", name))) end
  end)
end)
