-- SPDX-License-Identifier: Apache-2.0

local sse = require "gateway.sse"

local STREAM = ": hello\n\nevent: a\ndata: 1\n\ndata:2\r\ndata: 3\r\n\r\nevent: é\ndata: {\"x\": \"\n\n"

--- The events of a stream that arrives in pieces of `size` bytes, as one text.
local function events(text, size)
  local splitter, found = sse.new(), {}
  for at = 1, #text, size do
    for _, event in ipairs(assert(splitter:feed(text:sub(at, at + size - 1)))) do
      found[#found + 1] = event.name .. "=" .. event.data
    end
  end
  return table.concat(found, "|"), splitter
end

describe("gateway.sse", function()
  it("gives whole events, however the bytes are cut", function()
    for size = 1, #STREAM do
      assert.equal("a=1|=2\n3|é={\"x\": \"", (events(STREAM, size)))
    end
  end)

  it("knows whether a body may end here", function()
    local _, splitter = events("data: 1\n\ndata: 2\n", 4)
    assert.is_false(splitter:at_boundary())
    splitter:feed "\n"
    assert.is_true(splitter:at_boundary())
  end)

  it("gives up on an event that is too large, for good", function()
    local splitter = sse.new(16)
    assert.equal(1, #splitter:feed("data: 12345678\n\n"))
    local list, message = splitter:feed("data: 123456789\n\n")
    assert.is_nil(list)
    assert.equal("too large", message)
    assert.is_nil((splitter:feed "data: 1\n\n"))
  end)

  it("takes strings, and limits above nothing", function()
    assert.has_error(function() sse.new():feed(7) end)
    assert.has_error(function() sse.new(0) end)
    assert.has_error(function() sse.new().feed({}, "x") end)
  end)
end)
