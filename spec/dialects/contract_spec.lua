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
    refused({ name = "mine" }, "has none of answer, edits, request, surfaces, faces")
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

  local function face(changes)
    local made = { endpoint = "mine", surface = "chat" }
    for _, name in ipairs { "read", "request", "response", "failure", "stream", "event", "finish", "broken" } do
      made[name] = nothing
    end
    for name, value in pairs(changes or {}) do made[name] = value end
    return made
  end

  it("takes surfaces and faces beside a kind, or alone", function()
    local surfaces = { embeddings = { request = nothing, response = nothing } }
    assert.is_true(contract.check(translator { surfaces = surfaces, faces = { mine = face() } }, "mine"))
    assert.is_true(contract.check({ name = "mine", failure = nothing, surfaces = surfaces }, "mine"))
    assert.is_true(contract.check({ name = "mine", faces = { mine = face { forward = nothing } } }, "mine"))
  end)

  it("wants operations to be whole", function()
    refused(translator { surfaces = { embeddings = { request = nothing } } }, "surfaces.embeddings needs response")
    refused(translator { surfaces = { embedding = {} } }, 'did you mean "embeddings"?')
    refused(translator { surfaces = { images = 7 } }, "surfaces.images must be a table, got a number")
    local odd = { request = nothing, response = nothing, raw_kyes = {} }
    refused(translator { surfaces = { images = odd } }, 'surfaces.images: unknown key "raw_kyes"')
    refused({ name = "mine", surfaces = { images = { request = nothing, response = nothing } } }, "needs failure")
  end)

  it("wants faces to be whole, streams only of those that lead to chat", function()
    refused({ name = "mine", faces = { mine = face { broken = false } } }, "broken must be a function")
    local made = face()
    made.broken = nil
    refused({ name = "mine", faces = { mine = made } }, "faces.mine needs broken")
    made.surface = "embeddings"
    assert.is_true(contract.check({ name = "mine", faces = { mine = made } }, "mine"))
    refused({ name = "mine", faces = { other = face() } }, 'endpoint must be "other"')
    refused({ name = "mine", faces = { mine = face { surface = "speech" } } }, "surface must be one of")
  end)

  it("wants a framing there is", function()
    assert.is_true(contract.check(translator { framing = "ndjson" }, "mine"))
    refused(translator { framing = "xml" }, "framing must be one of eventstream, ndjson, sse")
  end)

  it("is kept by the bundled dialects", function()
    for _, name in ipairs(spec.list "providers/dialects") do
      assert.is_true(contract.check(spec.script("providers/dialects", name), name))
    end
  end)
end)
