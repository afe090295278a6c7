-- SPDX-License-Identifier: Apache-2.0
local document = require "gateway.document"
local json = require "gateway.json"

local function open(text, options) return assert(document.new(text, options)) end

--- The text after `set`.
local function after(text, path, value)
  local doc = open(text)
  doc:set(path, value)
  return doc:text()
end

describe("document.new", function()
  it("takes JSON of any kind and keeps its bytes", function()
    for _, text in ipairs { "{}", " [1, 2] ", '"x"', "1.0", "null", '{"a" : 1.50,"b":[ ]}' } do
      local doc = open(text)
      assert.are.equal(text, doc:text())
      assert.is_false(doc:changed())
    end
  end)

  it("says what is wrong with a text that is no JSON", function()
    local doc, message = document.new '{"a":1,"a":2}'
    assert.is_nil(doc)
    assert.are.equal("duplicate key at byte 8", message)
  end)

  it("refuses strings cut inside a character unless it is told to be lenient", function()
    for _, text in ipairs { '{"t":"\195"}', [[{"t":"\ud83d"}]], [[{"t":"\ude00x"}]] } do
      assert.is_nil((document.new(text)))
      assert.are.equal(text, open(text, { lenient = true }):text())
    end
  end)

  it("decodes cut characters to their bytes when it is lenient", function()
    assert.are.equal("a\195", open('{"t":"a\195"}', { lenient = true }):get "t")
    assert.are.equal("a\237\160\189", open([[{"t":"a\ud83d"}]], { lenient = true }):get "t")
    assert.are.equal("\237\184\128b", open([[{"t":"\ude00b"}]], { lenient = true }):get "t")
    assert.are.equal("\237\160\189A", open([[{"t":"\ud83d\u0041"}]], { lenient = true }):get "t")
    assert.are.equal("😀", open([[{"t":"\ud83d\ude00"}]], { lenient = true }):get "t")
  end)
end)

describe("doc:get", function()
  local doc = open [[{"model":"m","messages":[{"role":"user","content":"a\n"},{"content":[{"text":"x"}]}],
    "n":1.0,"null":null,"odd":{"a.b":1,"c[0]":2,"é":3},"empty":[]}]]

  it("finds values by names and positions, from the end too", function()
    assert.are.equal("m", doc:get "model")
    assert.are.equal("a\n", doc:get "messages[0].content")
    assert.are.equal("x", doc:get "messages[1].content[0].text")
    assert.are.equal("x", doc:get "messages[-1].content[-1].text")
    assert.are.equal("a\n", doc:get "messages[-2].content")
    assert.are.same({ { text = "x" } }, doc:get "messages[1].content")
  end)

  it("finds keys with odd characters in quotes", function()
    assert.are.equal(1, doc:get 'odd["a.b"]')
    assert.are.equal(2, doc:get 'odd["c[0]"]')
    assert.are.equal(3, doc:get "odd.é")
    assert.are.equal("m", doc:get '["model"]')
  end)

  it("gives nil for what is not there", function()
    for _, path in ipairs { "no", "messages[2]", "messages[-3]", "model.x", "model[0]", "messages.x", "empty[0]" } do
      assert.is_nil(doc:get(path))
      assert.is_nil(doc:raw(path))
    end
  end)

  it("tells null from nothing", function() assert.are.equal(json.null, doc:get "null") end)

  it("gives the value's own bytes", function()
    assert.are.equal("1.0", doc:raw "n")
    assert.are.equal([["a\n"]], doc:raw "messages[0].content")
    assert.are.equal([[{"text":"x"}]], doc:raw "messages[1].content[0]")
  end)

  it("raises for what is no path", function()
    for _, path in ipairs { ".a", "a.", "a..b", "a[", "a[]", "a[x]", "a[1", "a]", "[0]x", 'a"b', "a[-0]", 'a["b]',
      ("a."):rep(64) .. "a", "a[99999999999999999999]" } do
      assert.has_error(function() doc:get(path) end)
    end
    assert.has_error(function() doc:get(1) end)
    assert.has_error(function() doc:get() end)
  end)
end)

describe("doc:set", function()
  it("puts a value in the place of another and keeps all other bytes", function()
    assert.are.equal('{ "a" : "y" , "b":1.0 }', after('{ "a" : "x" , "b":1.0 }', "a", "y"))
    assert.are.equal('{"a":[1,{"k":[true]},3]}', after('{"a":[1,2,3]}', "a[1]", { k = { true } }))
    assert.are.equal('{"a":[1,2,4]}', after('{"a":[1,2,3]}', "a[-1]", 4))
    assert.are.equal('{"a":null}', after('{"a":[1,2,3]}', "a", json.null))
    assert.are.equal('{"a":[]}', after('{"a":1}', "a", json.array()))
  end)

  it("creates a missing last step", function()
    assert.are.equal('{"a":1}', after("{}", "a", 1))
    assert.are.equal('{ "b":2 ,"a":1}', after('{ "b":2 }', "a", 1))
    assert.are.equal('{"o":{"a":1}}', after('{"o":{}}', "o.a", 1))
    assert.are.equal('{"o":{"a.b\\"c":1}}', after('{"o":{}}', 'o["a.b"c"]', 1))
  end)

  it("lets an array grow at its end", function()
    assert.are.equal("[1]", after("[]", "[0]", 1))
    assert.are.equal('{"a":[1,2]}', after('{"a":[1]}', "a[1]", 2))
  end)

  it("raises when the step before the last is missing, or no container", function()
    local function refused(path, message)
      local doc = open '{"a":[1],"o":{},"s":"x"}'
      assert.has_error(function() doc:set(path, 1) end, "cannot set " .. path .. ": " .. message)
      assert.is_false(doc:changed())
    end
    refused("x.y", "what it stands in is not there")
    refused("o.x.y", "what it stands in is not there")
    refused("s.x", "what it stands in is no object")
    refused("a.x", "what it stands in is no object")
    refused("s[0]", "what it stands in is no array")
    refused("o[0]", "what it stands in is no array")
    refused("a[2]", "an array grows only at its end, by one element")
    refused("a[-2]", "an array grows only at its end, by one element")
  end)

  it("takes a value out with its comma", function()
    assert.are.equal('{"b":2,"c":3}', after('{"a":1,"b":2,"c":3}', "a"))
    assert.are.equal('{"a":1,"c":3}', after('{"a":1,"b":2,"c":3}', "b"))
    assert.are.equal('{"a":1,"b":2 }', after('{"a":1,"b":2, "c":3 }', "c"))
    assert.are.equal("{}", after('{"a":1}', "a"))
    assert.are.equal("[2]", after("[1,2]", "[0]"))
    assert.are.equal("[1]", after("[1,2]", "[-1]"))
    assert.are.equal("[ ]", after("[ 1]", "[0]"))
    assert.are.equal('{"a":1}', after('{"a":1}', "b"))
    assert.are.equal('{"a":1}', after('{"a":1}', "a.b.c"))
  end)

  it("raises for what JSON cannot say, and says where", function()
    local cyclic = {}
    cyclic.self = cyclic
    for _, case in ipairs {
      { 0 / 0, "a number is not finite" }, { math.huge, "a number is not finite" },
      { -math.huge, "a number is not finite" },
      { cyclic, "a table contains itself" }, { print, "a function or a coroutine is no JSON value" },
      { { a = 1, 2 }, "a table has both names and positions" }, { { [1] = 1, [3] = 2 }, "an array has gaps" },
      { { { print } }, "a function or a coroutine is no JSON value" },
    } do
      local doc = open '{"a":{"b":1}}'
      assert.has_error(function() doc:set("a.b", case[1]) end, "cannot set a.b: " .. case[2])
      assert.are.equal('{"a":{"b":1}}', doc:text())
    end
    assert.has_error(function() open("{}"):set "a" end)
  end)

  it("goes 64 levels down and no further", function()
    local deep = ("["):rep(63) .. ("]"):rep(63)
    local value = assert(json.decode(deep))
    assert.are.equal('{"a":' .. deep .. "}", after('{"a":1}', "a", value))
    assert.has_error(function() after('{"a":[1]}', "a[0]", value) end, "cannot set a[0]: nested deeper than 64 levels")
  end)

  it("writes U+FFFD for bytes that are no UTF-8", function()
    assert.are.equal('{"a":"x\239\191\189"}', after('{"a":1}', "a", "x\255"))
  end)

  it("replaces the whole document", function() assert.are.equal('{"b":1}', after('{"a":1}', "", { b = 1 })) end)

  it("sees its own changes", function()
    local doc = open '{"a":{"b":1},"c":[1,2,3],"d":"x"}'
    doc:set("a.b", 2)
    assert.are.equal(2, doc:get "a.b")
    assert.are.equal('{"b":2}', doc:raw "a")
    doc:set("a", { b = { z = true } })
    assert.is_true(doc:get "a.b.z")
    doc:set("a.b.z", "deep")
    doc:set("c[0]", nil)
    assert.are.equal(2, doc:get "c[0]")
    doc:set("c[2]", 4)
    doc:set("c[3]", 5)
    doc:set("d", "y")
    doc:set("e", "new")
    doc:set("e", "newer")
    assert.are.equal('{"a":{"b":{"z":"deep"}},"c":[2,3,4,5],"d":"y","e":"newer"}', doc:text())
    assert.are.same({ a = { b = { z = "deep" } }, c = { 2, 3, 4, 5 }, d = "y", e = "newer" }, doc:decode())
    assert.is_true(doc:changed())
  end)

  it("never makes a key twice", function()
    assert.are.equal('{"\\u0061":2}', after('{"\\u0061":1}', "a", 2))
  end)

  it("does many edits of one document", function()
    local parts = {}
    for i = 1, 2000 do parts[i] = ('{"t":"%d"}'):format(i) end
    local doc = open("[" .. table.concat(parts, ", ") .. "]")
    for i = 1999, 0, -7 do doc:set(("[%d].t"):format(i), "x") end
    for i = 1, 2000 do
      if (2000 - i) % 7 == 0 then parts[i] = '{"t":"x"}' end
    end
    assert.are.equal("[" .. table.concat(parts, ", ") .. "]", doc:text())
  end)
end)

describe("document.join", function()
  --- Every piece through join, put together.
  local function joined(pieces)
    local out, carry = {}, nil
    for i, piece in ipairs(pieces) do out[i], carry = document.join(carry, piece) end
    return table.concat(out), carry
  end

  it("puts a character together that was cut anywhere", function()
    for _, text in ipairs { "aé", "€uro", "x😀y", "日本語" } do
      for cut = 0, #text do
        assert.are.equal(text, (joined { text:sub(1, cut), text:sub(cut + 1) }))
        assert.are.equal(text, (joined { text:sub(1, cut), "", text:sub(cut + 1) }))
      end
      local bytes = {}
      for i = 1, #text do bytes[i] = text:sub(i, i) end
      local whole, carry = joined(bytes)
      assert.are.equal(text, whole)
      assert.are.equal("", carry)
    end
  end)

  it("makes one character of a surrogate pair split over two texts", function()
    assert.are.equal("a😀b", (joined { "a\237\160\189", "\237\184\128b" }))
    assert.are.equal("a😀", (joined { "a\237\160\189", "", "\237\184\128" }))
  end)

  it("keeps back only what is the beginning of a character", function()
    assert.are.same({ "a", "\226\130" }, { document.join(nil, "a\226\130") })
    assert.are.same({ "\226\130b", "" }, { document.join("\226\130", "b") })
    assert.are.same({ "a\128", "" }, { document.join("", "a\128") })
    assert.are.same({ "a\255", "" }, { document.join(nil, "a\255") })
    assert.are.same({ "a\224\128", "" }, { document.join(nil, "a\224\128") })
    assert.are.same({ "\237\184\128", "" }, { document.join(nil, "\237\184\128") })
  end)
end)
