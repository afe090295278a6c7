-- SPDX-License-Identifier: Apache-2.0
local document = require "gateway.document"

local chat = document.walker {
  { path = "messages[].content", kind = "text", role = "messages[].role", tool_kind = "tool_result" },
  { path = "messages[].content[].text", kind = "text", role = "messages[].role" },
  { path = "messages[].args.**", kind = "arguments", fixed = "assistant" },
  { path = "metadata.*", kind = "metadata" },
}

local function open(text, options) return assert(document.new(text, options)) end

--- Every part as one line: path role kind text.
local function lines(text, walker)
  local list = {}
  for part in open(text):texts(walker or chat) do
    list[#list + 1] = ("%s %s %s %s"):format(part.path, tostring(part.role), part.kind, part.text)
  end
  return list
end

--- The text after every part has been through `change`.
local function changed(text, change)
  local doc = open(text)
  for part in doc:texts(chat) do change(part, doc) end
  return doc:text()
end

describe("document.walker", function()
  it("refuses what is no place", function()
    for _, path in ipairs { "a..b", ".a", "a[0]", "a.**.b", "a]", "[]a", ("a."):rep(64) .. "a" } do
      assert.has_error(function() document.walker { { path = path, kind = "x" } } end)
    end
    assert.has_error(function() document.walker { "x" } end)
    assert.has_error(function() document.walker { { path = "a[].b", kind = "x", role = "c[].role" } } end)
    assert.has_error(function() document.walker() end)
  end)
end)

describe("doc:texts", function()
  it("walks the strings at the walker's places in document order", function()
    assert.are.same({
      "metadata.k nil metadata v", "messages[0].content user text a", "messages[1].content[0].text system text b",
      "messages[1].content[2].text system text c",
    }, lines [[{"metadata":{"k":"v","n":1},"model":"m","messages":[{"role":"user","content":"a"},
      {"content":[{"type":"text","text":"b"},{"type":"image","image":{"text":"no"}},{"text":"c"}],"role":"system"}]}]])
  end)

  it("finds every string below a **", function()
    assert.are.same({
      "messages[0].args.q assistant arguments a", "messages[0].args.deep[0][0] assistant arguments ",
      "messages[0].args.deep[0][1].x assistant arguments b", 'messages[0].args["odd.key"] assistant arguments c',
      "messages[1].args assistant arguments d",
    }, lines '{"messages":[{"args":{"q":"a","n":[1,null,{}],"deep":[["",{"x":"b"}]],"odd.key":"c"}},{"args":"d"}]}')
  end)

  it("takes a named member before * and both before a ** further up", function()
    local walker = document.walker {
      { path = "**", kind = "any" }, { path = "a.*", kind = "star" }, { path = "a.b", kind = "named" },
    }
    assert.are.same({ "a.b nil named 1", "a.c nil star 2", "a.d.e nil any 3", "x[0] nil any 4" },
      lines('{"a":{"b":"1","c":"2","d":{"e":"3"}},"x":["4"]}', walker))
    assert.are.same({ " nil any top" }, lines('"top"', walker))
  end)

  it("passes over members whose names a ** excepts, and their arrays, but not what such objects hold", function()
    local walker = document.walker { { path = "**", kind = "any", except = "type id" }, { path = "a.id", kind = "id" } }
    assert.are.same({ "x.kind nil any 1", "type.type2 nil any 2", "type.deep[0] nil any 3", "a.id nil id 4" },
      lines('{"id":"-","x":{"type":"-","id":["-",["-"]],"kind":"1"},"type":{"type":"-","type2":"2","deep":["3"]},'
        .. '"a":{"id":"4"}}', walker))
  end)

  it("passes over what a condition excludes", function()
    local walker = document.walker {
      { path = "url", kind = "url", unless = "data:" }, { path = "list[].data", kind = "data", only_type = "text" },
    }
    assert.are.same({ "url nil url https://x" }, lines('{"url":"https://x"}', walker))
    assert.are.same({}, lines('{"url":"data:x"}', walker))
    assert.are.same({ "list[1].data nil data b", "list[2].data nil data c" },
      lines('{"list":[{"type":"base64","data":"a"},{"type":"text","data":"b"},{"data":"c","type":"te\\u0078t"},'
        .. '{"data":"d"}]}', walker))
  end)

  it("reads keys that are spelt with escapes", function()
    assert.are.same({ "messages[0].content user text a" },
      lines [[{"\u006dessages":[{"c\u006fntent":"a","r\u006fle":"us\u0065r"}]}]])
  end)

  it("calls a tool's message what it is", function()
    assert.are.same({ "messages[0].content tool tool_result a" }, lines '{"messages":[{"role":"tool","content":"a"}]}')
  end)

  it("has nothing to say of a document of another shape", function()
    for _, text in ipairs { "{}", "[]", "1", '"x"', '{"messages":"x"}', '{"messages":{"content":"x"}}',
      '{"messages":[["x"]],"metadata":["x"]}', '{"messages":[{"content":{"text":"x"}}]}' } do
      assert.are.same({}, lines(text))
    end
  end)

  it("resolves escapes, and cut characters of a lenient document", function()
    assert.are.same({ "messages[0].content nil text \"\n😀" }, lines [[{"messages":[{"content":"\"\n\ud83d\ude00"}]}]])
    for part in open('{"metadata":{"a":"x\195","b":"\\ud83d"}}', { lenient = true }):texts(chat) do
      assert.are.equal(part.path == "metadata.a" and "x\195" or "\237\160\189", part.text)
    end
  end)

  it("keeps parts good after the loop, and the document behind them alive", function()
    local parts = {}
    for part in open('{"metadata":{"a":"1","b":"2"}}'):texts(chat) do parts[#parts + 1] = part end
    collectgarbage()
    collectgarbage()
    assert.are.equal("1", parts[1].text)
    assert.are.equal("metadata.b", parts[2].path)
  end)

  it("gives parts nothing else, and closes them to writing", function()
    for part in open('{"metadata":{"a":"1"}}'):texts(chat) do
      assert.is_nil(part.other)
      assert.is_false(getmetatable(part))
      assert.has_error(function() part.text = "x" end, "a part is read-only: use part:replace(text)")
    end
  end)

  it("takes no other walker and no other part", function()
    for _, wrong in ipairs { io.stdout, newproxy(), "x", open "{}" } do
      assert.has_error(function() open("{}"):texts(wrong) end)
    end
    for part in open('{"metadata":{"a":"1"}}'):texts(chat) do
      assert.has_error(function() part.replace(chat, "x") end)
      assert.has_error(function() part:replace(1) end)
    end
  end)

  it("can be stepped by hand, and has nothing more to give after its end", function()
    local step = open('{"metadata":{"a":"1"}}'):texts(chat)
    assert.are.equal("1", step().text)
    assert.is_nil(step())
    local other = open('{"metadata":{"a":"2"}}'):texts(chat)
    assert.is_nil(step())
    assert.are.equal("2", other().text)
    assert.is_nil(step())
  end)

  it("walks many documents at once, and one many times", function()
    local doc = open('{"metadata":{"a":"1","b":"2"}}')
    local pairs_seen = {}
    for a in doc:texts(chat) do
      for b in doc:texts(chat) do pairs_seen[#pairs_seen + 1] = a.text .. b.text end
      for c in open('{"metadata":{"a":"x","b":"y"}}'):texts(chat) do
        pairs_seen[#pairs_seen + 1] = c.text
        if c.text == a.text then break end
        collectgarbage()
      end
    end
    assert.are.equal("11 12 x y 21 22 x y", table.concat(pairs_seen, " "))
  end)
end)

describe("part:replace", function()
  it("changes that string and nothing else", function()
    assert.are.equal('{ "messages" : [ {"content":"<a\\n>" , "n":1.0}, {"content":[{"text" : "<b>"}]} ] }',
      changed('{ "messages" : [ {"content":"a\\n" , "n":1.0}, {"content":[{"text" : "b"}]} ] }',
        function(part) part:replace("<" .. part.text .. ">") end))
  end)

  it("shows the new text, and takes the last of many", function()
    changed('{"metadata":{"a":"1","b":"2"}}', function(part, doc)
      part:replace "first"
      assert.are.equal("first", part.text)
      part:replace "second \"quoted\""
      assert.are.equal("second \"quoted\"", part.text)
      assert.are.equal(part.text, doc:get(part.path))
    end)
  end)

  it("is told from other changes", function()
    local doc = open('{"metadata":{"a":"1"}}')
    doc:set("metadata.a", "2")
    assert.is_false(doc:replaced())
    for part in doc:texts(chat) do part:replace "3" end
    assert.is_true(doc:replaced())
  end)

  it("writes U+FFFD for bytes that are no UTF-8", function()
    assert.are.equal('{"metadata":{"a":"\239\191\189"}}',
      changed('{"metadata":{"a":"1"}}', function(part) part:replace "\195" end))
  end)

  it("replaces 2,000 parts of one document", function()
    local texts = {}
    for i = 1, 2000 do texts[i] = ('{"content":"%d"}'):format(i) end
    local text = '{"messages":[' .. table.concat(texts, ", ") .. "]}"
    assert.are.equal((text:gsub('"(%d+)"', '"<%1>"')),
      changed(text, function(part) part:replace("<" .. part.text .. ">") end))
  end)
end)

describe("a document that changes while it is walked", function()
  local message = '{"role":"user","content":"%s"}'
  local three = { message:format "a", message:format "b", message:format "c" }
  local text = '{"messages":[' .. table.concat(three, ",") .. "]}"

  --- What a walk sees that does `change` at its first part.
  local function seen(change)
    local list, first = {}, true
    local doc = open(text)
    for part in doc:texts(chat) do
      list[#list + 1] = part.text
      if first then change(doc, part) end
      first = false
    end
    return table.concat(list, " "), doc
  end

  it("goes on with what is behind it", function()
    assert.are.equal("a b c", (seen(function(doc) doc:set("model", "m") end)))
    assert.are.equal("a x c", (seen(function(doc) doc:set("messages[1].content", "x") end)))
    assert.are.equal("a x y c", (seen(function(doc)
      doc:set("messages[1].content", { { text = "x" }, { text = "y" } })
    end)))
    assert.are.equal("a c", (seen(function(doc) doc:set("messages[1]", nil) end)))
    assert.are.equal("a b c d", (seen(function(doc) doc:set("messages[3]", { content = "d" }) end)))
    assert.are.equal("a b", (seen(function(doc) doc:set("messages[2].content", 7) end)))
  end)

  it("goes on behind what it stood in", function()
    assert.are.equal("a b c", (seen(function(doc) doc:set("messages[0]", nil) end)))
    assert.are.equal("a b c", (seen(function(doc) doc:set("messages[0]", { content = "x" }) end)))
    assert.are.equal("a", (seen(function(doc) doc:set("messages", nil) end)))
    assert.are.equal("a", (seen(function(doc) doc:set("", {}) end)))
  end)

  it("keeps the parts that are still there", function()
    local parts = {}
    local doc = open(text)
    for part in doc:texts(chat) do parts[#parts + 1] = part end
    doc:set("messages[0]", nil)
    doc:set("first", true)
    parts[2]:replace "B"
    doc:set("messages[1].role", "system")
    assert.are.equal("B", parts[2].text)
    assert.are.equal("messages[0].content", parts[2].path)
    assert.are.equal("system", parts[3].role)
    assert.has_error(function() return parts[1].text end, "this part is gone: the document has changed")
    assert.has_error(function() parts[1]:replace "x" end, "this part is gone: the document has changed")
    assert.are.equal('{"messages":[{"role":"user","content":"B"},{"role":"system","content":"c"}],"first":true}',
      doc:text())
  end)

  it("sees a new part where a replaced one was", function()
    local _, doc = seen(function(doc, part)
      part:replace "one"
      doc:set("x", 1)
      part:replace "two"
      assert.are.equal("two", part.text)
      doc:set("messages[0].content", "three")
      assert.are.equal("three", part.text)
    end)
    assert.are.equal("three", doc:get "messages[0].content")
  end)
end)

describe("doc:find", function()
  local match = require "gateway.match"
  local set = match.literals({ "apple", "b\195\164r", "a\nb" }, { caseless = true })

  local function find(text, change)
    local doc = open(text)
    if change then change(doc) end
    local part, from, to, index = doc:find(chat, set)
    return part and part.path, part and part.text:sub(from, to), index
  end

  it("gives the first text with a match, and where", function()
    assert.are.same({ "messages[1].content", "Apple", 1 },
      { find '{"messages":[{"content":"pear"},{"content":"an Apple"},{"content":"apple"}]}' })
  end)

  it("finds what is written with escapes", function()
    assert.are.same({ "metadata.k", "b\195\164r", 2 }, { find [[{"metadata":{"k":"\u0062\u00e4\u0072"}}]] })
    assert.are.same({ "metadata.k", "a\nb", 3 }, { find [[{"metadata":{"k":"\ta\nb"}}]] })
  end)

  it("takes no escape for a letter of a word", function()
    local words = match.literals { "nuclear", "u0041", "tbomb" }
    local function found(text) return (open(text):find(chat, words)) end
    assert.is_nil(found [[{"metadata":{"k":"\nuclear \\u004 \tbomb"}}]])
    assert.is_nil(found [[{"metadata":{"k":"\u0041 nucle\nar"}}]])
    assert.is_not_nil(found [[{"metadata":{"k":"\\u0041"}}]])
    assert.is_not_nil(found [[{"metadata":{"k":"\n\nuclear \nnuclear"}}]])
  end)

  it("finds the same in a text with escapes as in the text they stand for", function()
    local pieces = { "a", "b", "n", "\\n", "\\\\", '\\"', "\\/", "/", "\\u0061", "\195\164" }
    local specials = { "a", "/", "\n", '"', "\\", "\195\164" }
    local function some(from, most)
      local parts = {}
      for i = 1, math.random(most) do parts[i] = from[math.random(#from)] end
      return table.concat(parts)
    end
    local function compare(words)
      local text = ('{"messages":[{"content":"%s"}],"metadata":{"k":"%s"}}'):format(some(pieces, 8), some(pieces, 30))
      local doc = open(text)
      local part, from, to, index = doc:find(chat, words)
      for each in doc:texts(chat) do
        local first, last, which = words:find(each.text)
        if first then
          assert.are.same({ each.path, first, last, which }, { part and part.path, from, to, index }, text)
          return true
        end
      end
      assert.is_nil(part, text)
      return false
    end
    local seen = { [true] = 0, [false] = 0 }
    for round = 1, 120 do
      local special, list = specials[round % #specials + 1], {}
      for i = 1, 2 do list[i] = some({ "a", "b", "n" }, 1) .. special .. some({ "a", "n", special }, 1) end
      local words = match.literals(list, { caseless = round % 3 == 0 })
      for _ = 1, 40 do
        local matched = compare(words)
        seen[matched] = seen[matched] + 1
      end
    end
    assert.is_true(seen[true] > 50 and seen[false] > 100)
  end)

  it("looks at what edits have made of a text", function()
    local text = '{"metadata":{"k":"apple","z":"pear"}}'
    assert.is_nil((find(text, function(doc) doc:set("metadata.k", "x") end)))
    assert.is_nil((find(text, function(doc) doc:set("metadata.k", nil) end)))
    assert.are.same({ "metadata.z", "apple", 1 }, { find(text, function(doc)
      doc:set("metadata.k", "x\n")
      doc:set("metadata.z", "\napple")
    end) })
  end)

  it("finds nothing where no place is", function()
    assert.is_nil((find '{"apple":"apple","messages":[{"role":"apple"}]}'))
    assert.is_nil((find "[]"))
  end)

  it("takes gateway.match sets only", function()
    assert.has_error(function() open("{}"):find(chat, {}) end)
    assert.has_error(function() open("{}"):find(chat) end)
    assert.has_error(function() open("{}"):find(set, set) end)
  end)
end)

describe("doc:numbers", function()
  local tokens = document.walker { { path = "input[]", kind = "tokens" }, { path = "input[][]", kind = "tokens" } }

  it("tells token ids from texts", function()
    for text, expected in pairs {
      ['{"input":"x"}'] = false, ['{"input":["x","1"]}'] = false, ['{"input":[1,2]}'] = true,
      ['{"input":["x",[1]]}'] = true, ['{"input":[],"n":1}'] = false, ['{"input":["x",3]}'] = true,
    } do
      assert.are.equal(expected, open(text):numbers(tokens))
    end
  end)
end)
