-- SPDX-License-Identifier: Apache-2.0
--- The other framings beside gateway.sse.

local eventstream = require "gateway.eventstream"
local ndjson = require "gateway.ndjson"

local function bytes(hex)
  return (hex:gsub("%x%x", function(pair) return string.char(tonumber(pair, 16)) end))
end

local EMPTY = bytes "000000100000000005c248eb7d98c8ff"
local FAILED = bytes("0000005800000048154692c10b3a6572726f722d636f6465"
  .. "07000d496e7465726e616c4572726f720e3a6572726f722d6d6573736167650700"
  .. "04626f6f6d0d3a6d6573736167652d747970650700056572726f72f9da682d")

--- The events of a stream that arrives in pieces of `size` bytes, as one text.
local function events(splitter, text, size)
  local found = {}
  for at = 1, #text, size do
    for _, event in ipairs(assert(splitter:feed(text:sub(at, at + size - 1)))) do
      found[#found + 1] = event.name .. "=" .. event.data
    end
  end
  return table.concat(found, "|")
end

describe("gateway.eventstream", function()
  it("gives whole messages, however the bytes are cut (#97)", function()
    local stream = EMPTY .. FAILED .. EMPTY
    for size = 1, #stream do
      assert.equal("=|error.InternalError=boom|=", events(eventstream.new(), stream, size))
    end
  end)

  it("gives up on a damaged message, for good", function()
    local splitter = eventstream.new()
    local list, message = splitter:feed(FAILED:sub(1, -2) .. "x")
    assert.is_nil(list)
    assert.equal("corrupt", message)
    assert.is_nil((splitter:feed(EMPTY)))
    assert.is_false(splitter:at_boundary())
  end)

  it("gives the messages before a damaged one", function()
    local list, message = eventstream.new():feed(EMPTY .. EMPTY .. FAILED:sub(1, -2) .. "x" .. EMPTY)
    assert.equal(2, #list)
    assert.equal("corrupt", message)
  end)

  it("gives up on a message that is too large, and knows where a body may end", function()
    local splitter = eventstream.new(16)
    assert.equal(1, #splitter:feed(EMPTY))
    assert.is_true(splitter:at_boundary())
    assert.equal(0, #splitter:feed(FAILED:sub(1, 11)))
    assert.is_false(splitter:at_boundary())
    assert.equal("too large", select(2, splitter:feed(FAILED:sub(12))))
  end)
end)

describe("gateway.ndjson", function()
  it("gives lines, however the bytes are cut", function()
    local stream = '{"a":1}\n\n{"b":"é"}\r\n3\n'
    for size = 1, #stream do
      assert.equal('={"a":1}|={"b":"é"}|=3', events(ndjson.new(), stream, size))
    end
  end)

  it("knows whether a body may end here", function()
    local splitter = ndjson.new()
    splitter:feed "1\n2"
    assert.is_false(splitter:at_boundary())
    splitter:feed "\n"
    assert.is_true(splitter:at_boundary())
  end)
end)
