-- SPDX-License-Identifier: Apache-2.0

local spec = require "gateway.spec"

local contract = spec.script("providers/dialects", "contract")

local function nothing() end

local function translator(changes)
  local made = {
    name = "mine", request = nothing, response = nothing, failure = nothing, stream = nothing, event = nothing,
    finish = nothing, usage = nothing,
  }
  for name, value in pairs(changes or {}) do made[name] = value end
  return made
end

local function refused(dialect, words)
  local held, problem = contract.check(dialect, "mine")
  assert.is_nil(held)
  assert.truthy(problem:find(words, 1, true), problem)
end

describe("the contract of dialects", function()
  it("takes each of the three kinds", function()
    assert.is_true(contract.check(translator(), "mine"))
    assert.is_true(contract.check({ name = "mine", edits = nothing, failure = nothing }, "mine"))
    assert.is_true(contract.check({ name = "mine", answer = nothing }, "mine"))
  end)

  it("wants one kind, and only one", function()
    refused({ name = "mine" }, "has none of answer, edits, request")
    refused(translator { answer = nothing }, "has answer and request")
  end)

  it("wants all functions of a kind", function()
    local dialect = translator()
    dialect.finish = nil
    refused(dialect, "a dialect with request needs finish")
  end)

  it("refuses unknown members with a suggestion", function()
    refused(translator { first_falure = nothing }, 'did you mean "first_failure"?')
  end)

  it("refuses members of another type", function()
    refused(translator { event = 7 }, "event must be a function, got a number")
  end)

  it("is kept by the bundled dialects", function()
    for _, name in ipairs(spec.list "providers/dialects") do
      assert.is_true(contract.check(spec.script("providers/dialects", name), name))
    end
  end)
end)
