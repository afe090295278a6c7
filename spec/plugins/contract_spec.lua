-- SPDX-License-Identifier: Apache-2.0
local spec = require "gateway.spec"

local contract = spec.script("plugins", "contract")

local function nothing() end

--- A plugin that keeps the contract, with some members changed.
local function plugin(members)
  local value = { name = "mine", type = "guardrail", before_request = nothing }
  for name, member in pairs(members or {}) do value[name] = member end
  return value
end

local function problem(value, name)
  local held, message = contract.check(value, name or "mine")
  return held and "none" or message
end

describe("the contract of plugins", function()
  it("takes every member at its best", function()
    assert.are.equal("none", problem(plugin {
      schema = { words = { "array", of = "string", required = true } }, open = nothing, after_request = nothing,
      on_error = nothing, on_chunk = { open = nothing, feed = nothing, close = nothing }, hold_bytes = 65536,
      hold_ms = 100,
    }))
  end)

  it("takes a plugin without hooks", function()
    assert.are.equal("none", problem { name = "mine", type = "logging" })
  end)

  it("takes zero for both holds", function()
    assert.are.equal("none", problem(plugin { on_chunk = { feed = nothing }, hold_bytes = 0, hold_ms = 0 }))
  end)

  for name, case in pairs {
    ["a string instead of a table"] = { "return", "must return a table, got a string" },
    ["no name"] = { { type = "logging" }, "needs a name" },
    ["another name than the file's"] = { plugin { name = "yours" },
      'name must be "mine", as the file is called, got "yours"' },
    ["no type"] = { { name = "mine" }, "needs a type: one of guardrail, logging, metrics, auth, transform, ratelimit" },
    ["a misspelt type"] = { plugin { type = "guardrial" },
      'type must be one of guardrail, logging, metrics, auth, transform, ratelimit, got "guardrial"; '
        .. 'did you mean "guardrail"?' },
    ["a misspelt member"] = { plugin { before_reqest = nothing },
      'unknown member "before_reqest"; did you mean "before_request"?' },
    ["a hook that is no function"] = { plugin { after_request = "x" },
      "after_request must be a function, got a string" },
    ["an on_chunk without feed"] = { plugin { on_chunk = { open = nothing } }, "on_chunk needs feed" },
    ["an on_chunk that is a function"] = { plugin { on_chunk = nothing }, "on_chunk must be a table, got a function" },
    ["a misspelt member of on_chunk"] = { plugin { on_chunk = { fed = nothing } },
      'on_chunk: unknown member "fed"; did you mean "feed"?' },
    ["listening to nothing"] = { plugin { on_event = nothing, subjects = {} },
      "subjects is empty: without it on_event is told of all events" },
    ["listening to what there is not"] = { plugin { on_event = nothing, subjects = { "*", "gateway.x" } },
      'subjects[2] "gateway.x" means no event' },
    ["subjects without an ear"] = { plugin { subjects = { "*" } }, "subjects needs on_event" },
    ["holding too much"] = { plugin { on_chunk = { feed = nothing }, hold_bytes = 65537 },
      "hold_bytes must be a whole number from 0 to 65536, got 65537" },
    ["holding half a byte"] = { plugin { on_chunk = { feed = nothing }, hold_bytes = 0.5 },
      "hold_bytes must be a whole number from 0 to 65536, got 0.5" },
    ["holding for less than no time"] = { plugin { on_chunk = { feed = nothing }, hold_ms = -1 },
      "hold_ms must be a whole number from 0 to 60000, got -1" },
    ["holding nothing of nothing"] = { plugin { hold_ms = 5 }, "hold_ms needs on_chunk" },
    ["a schema with a type nobody knows"] = { plugin { schema = { words = { "lst" } } },
      'schema.words: unknown type "lst"' },
    ["a default that its own schema refuses"] = { plugin { schema = { most = { "integer", min = 1, default = 0 } } },
      "schema.most: default: must be at least 1, got 0" },
  } do
    it("refuses " .. name, function()
      assert.are.equal(case[2], problem(case[1]))
    end)
  end

  it("refuses a name with capitals", function()
    assert.are.equal("name may hold small letters, digits and hyphens", problem(plugin { name = "Mine" }, "Mine"))
  end)
end)

describe("the bundled plugins", function()
  for _, name in ipairs(spec.list "plugins") do
    it("keep the contract: " .. name, function()
      assert.are.equal("none", problem(spec.script("plugins", name), name))
    end)
  end
end)
