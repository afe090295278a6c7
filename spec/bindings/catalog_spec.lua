-- SPDX-License-Identifier: Apache-2.0
--- gateway.catalog with the rows that come with the program.

local catalog = require "gateway.catalog"

describe("gateway.catalog", function()
  it("finds a row by provider and model", function()
    local row = assert(catalog.find("openai", "gpt-4o"))
    assert.are.equal("chat", row.mode)
    assert.are.equal("2.5", row.input)
    assert.are.equal(128000, row.context)
    assert.is_true(row.vision)
  end)

  it("knows nothing of what is not there", function()
    assert.is_nil(catalog.find("openai", "gpt-4o "))
    assert.is_nil(catalog.find("openai", ""))
    assert.is_nil(catalog.find("", "gpt-4o"))
    assert.is_nil(catalog.find("acme", "gpt-4o"))
  end)

  it("decodes a row of its own each time", function()
    catalog.find("openai", "gpt-4o").input = "changed"
    assert.are.equal("2.5", catalog.find("openai", "gpt-4o").input)
  end)

  it("finds models whose names have slashes", function()
    assert.are.equal("chat", assert(catalog.find("openrouter", "openai/gpt-5")).mode)
  end)

  it("lists the models of one provider in order", function()
    local names = catalog.list "openai"
    assert.is_true(#names > 100)
    for i = 2, #names do assert.is_true(names[i - 1] < names[i], names[i]) end
    for _, name in ipairs(names) do assert.is_table(catalog.find("openai", name)) end
    assert.are.same({}, catalog.list "acme")
  end)

  it("has no fault in what comes with the program", function()
    assert.are.same({}, catalog.faults())
    assert.is_true(catalog.count() > 3000)
  end)

  it("takes names alone", function()
    assert.has_error(function() catalog.find("openai") end)
    assert.has_error(function() catalog.find("openai", 4) end)
    assert.has_error(function() catalog.list() end)
  end)
end)
