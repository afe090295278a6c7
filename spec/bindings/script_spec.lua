-- SPDX-License-Identifier: Apache-2.0
local script = require "gateway.script"

describe("gateway.script", function()
  it("lists the scripts of a kind, sorted and without the contract", function()
    local names = script.list "strategies"
    local sorted = { unpack(names) }
    table.sort(sorted)
    assert.same(sorted, names)
    assert.is_true(#names >= 2)
    for _, name in ipairs(names) do assert.not_equal("contract", name) end
    assert.same({}, script.list "no-such-kind")
  end)

  it("loads a script, or says why not", function()
    assert.equal("fallback", script.load("strategies", "fallback").name)
    local value, message = script.load("strategies", "no-such-script")
    assert.is_nil(value)
    assert.is_truthy(message:find("strategies/no-such-script.lua: not found in ", 1, true))
    assert.is_nil((script.load("strategies", "../init")))
  end)

  it("tells where a script was found", function()
    assert.is_truthy(script.path("strategies", "single"):find("/strategies/single.lua", 1, true))
    assert.is_nil(script.path("strategies", "no-such-script"))
  end)

  it("takes names only", function()
    assert.has_error(function() script.list(5) end)
    assert.has_error(function() script.load("strategies", "single\0x") end)
    assert.has_error(function() script.path("strategies") end)
  end)

  it("is read-only", function()
    assert.has_error(function() script.list = nil end, "write to 'list' of a read-only table")
  end)

  it("guards a call: results, or the error and what kind it is", function()
    assert.same({ true, 1, 2 }, { script.guard(function(...) return ... end, 1, 2) })
    local ok, why, code = script.guard(function() error({ words = "kept" }) end)
    assert.is_false(ok)
    assert.same({ words = "kept" }, why)
    assert.equal("script_error", code)
  end)
end)

describe("gateway.spec", function()
  local spec = require "gateway.spec"

  it("loads scripts and modules as the gateway does", function()
    assert.equal("single", spec.script("strategies", "single").name)
    assert.equal(spec.module "errors", spec.module "errors")
    assert.has_error(function() spec.script("strategies", "no-such-script") end)
    assert.has_error(function() spec.module "no-such-module" end, "module 'no-such-module' not found")
  end)

  it("reads fixtures", function()
    assert.has_error(function() spec.fixture "no/such.file" end, "no fixture at spec/fixtures/no/such.file")
    assert.is_true(#spec.fixture "anthropic/text.request.json" > 0)
  end)
end)
