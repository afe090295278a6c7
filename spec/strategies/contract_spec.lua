-- SPDX-License-Identifier: Apache-2.0

local spec = require "gateway.spec"

local contract = spec.script("strategies", "contract")

local function first(targets) return targets end

local function refused(strategy, words)
  local held, problem = contract.check(strategy, "mine")
  assert.is_nil(held)
  assert.truthy(problem:find(words, 1, true), problem)
end

describe("the contract of strategies", function()
  it("takes a name and a choice", function()
    assert.is_true(contract.check({ name = "mine", choose = first }, "mine"))
    assert.is_true(contract.check({ name = "mine", choose = first, learn = first, named = true }, "mine"))
  end)

  it("wants a choice", function()
    refused({ name = "mine" }, "needs choose")
    refused({ name = "mine", choose = 7 }, "choose must be a function, got a number")
  end)

  it("refuses unknown members with a suggestion", function()
    refused({ name = "mine", chose = first }, 'did you mean "choose"?')
  end)

  it("wants the name of the file", function()
    refused({ name = "yours", choose = first }, 'name must be "mine"')
  end)
end)
