-- SPDX-License-Identifier: Apache-2.0
local json = require "gateway.json"

local function round_trip(text) return assert(json.encode(assert(json.decode(text)))) end

local function nested(depth)
  local value = 1
  for _ = 1, depth do value = { value } end
  return value
end

describe("json.decode", function()
  it("turns JSON into plain Lua values", function()
    local value = json.decode [[{"s":"x","n":-0.5,"yes":true,"no":false,"list":[1,2],"map":{"k":"v"}}]]
    assert.are.same({ s = "x", n = -0.5, yes = true, no = false, list = { 1, 2 }, map = { k = "v" } }, value)
  end)

  it("takes scalars at the top", function()
    assert.are.equal("x", json.decode '"x"')
    assert.are.equal(12, json.decode " 12 ")
    assert.are.equal(false, json.decode "false")
    assert.are.equal(json.null, json.decode "null")
  end)

  it("resolves escapes in values and keys", function()
    local value = json.decode [[{"\u0061\n":"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"}]]
    assert.are.equal('"\\/\b\f\n\r\té😀', value["a\n"])
  end)

  it("keeps null characters in strings", function() assert.are.equal("a\0b", json.decode [["a\u0000b"]]) end)

  it("decodes a long string with escapes after a short one", function()
    local long = ("x"):rep(5000)
    local value = json.decode('["a\\n","' .. long .. '\\n","b\\n"]')
    assert.are.same({ "a\n", long .. "\n", "b\n" }, value)
  end)

  it("says what is wrong and where", function()
    local function refused(text, message)
      local value, err = json.decode(text)
      assert.is_nil(value)
      assert.are.equal(message, err)
    end
    refused("", "unexpected end at byte 1")
    refused('{"a":1,"a":2}', "duplicate key at byte 8")
    refused("[1,]", "not a JSON value at byte 4")
    refused('["\255"]', "not valid UTF-8 at byte 3")
    refused(("["):rep(65) .. ("]"):rep(65), "nested too deeply at byte 65")
    refused("{} {}", "text after the document's end at byte 4")
  end)

  it("goes 64 levels down", function() assert.is_table(json.decode(("["):rep(64) .. ("]"):rep(64))) end)

  it("raises for what is no string", function()
    assert.has_error(function() json.decode(12) end)
    assert.has_error(function() json.decode() end)
    assert.has_error(function() json.decode("1", 5) end)
    assert.has_error(function() json.decode("1", { raw = true }) end)
  end)
end)

describe("null, empty array and empty object", function()
  it("are three different things and survive a round trip", function()
    local text = [=[{"a":[],"b":{},"c":null,"d":[[],{},null]}]=]
    assert.are.equal(text, round_trip(text))
  end)

  it("can be told apart", function()
    local value = json.decode [=[{"a":[],"b":{},"c":null,"d":"x"}]=]
    assert.is_true(json.is_array(value.a))
    assert.is_false(json.is_object(value.a))
    assert.is_true(json.is_object(value.b))
    assert.is_false(json.is_array(value.b))
    for _, other in ipairs { value.c, value.d, 1, true, print } do
      assert.is_false(json.is_array(other))
      assert.is_false(json.is_object(other))
    end
  end)

  it("null is one truthy value that prints its name", function()
    assert.are.equal(json.null, json.decode("[null]")[1])
    assert.is_truthy(json.null)
    assert.are.equal("null", tostring(json.null))
    assert.are.equal("null", json.encode(json.null))
  end)

  it("a decoded array stays one when it is emptied", function()
    local value = json.decode "[1,2]"
    table.remove(value)
    table.remove(value)
    assert.are.equal("[]", json.encode(value))
  end)
end)

describe("numbers", function()
  it("that a Lua number carries become one", function()
    for _, text in ipairs { "0", "-1", "0.7", "123456789012345", "9007199254740992", "0.0001", "-12.5" } do
      local value = json.decode(text)
      assert.are.equal("number", type(value))
      assert.are.equal(tonumber(text), value)
      assert.are.equal(text, json.encode(value))
    end
  end)

  it("that a Lua number would change keep their own text", function()
    for _, text in ipairs {
      "9007199254740993", "9223372036854775807", "-9223372036854775808", "18446744073709551616", "1.0", "1e3", "1E3",
      "0.10", "-0.0", "1e400", "0.1000000000000000055511151231257827",
    } do
      local value = json.decode(text)
      assert.are.equal("userdata", type(value))
      assert.are.equal(text, tostring(value))
      assert.are.equal(text, json.encode(value))
      assert.are.equal(tonumber(text), json.number(value))
    end
  end)

  it("survive inside a document", function()
    local text = '{"a":[1.0,0.10,9007199254740993],"b":{"c":1e3}}'
    assert.are.equal(text, round_trip(text))
  end)

  it("json.number knows both kinds and nothing else", function()
    assert.are.equal(5, json.number(5))
    assert.are.equal(1, json.number(json.decode "1.0"))
    assert.is_nil(json.number "5")
    assert.is_nil(json.number(json.null))
    assert.is_nil(json.number {})
    assert.is_nil(json.number(json.raw "5"))
  end)

  it("whole ones are written without a point", function()
    assert.are.equal("[1,-3,1000000,1e+20,0.1]", json.encode { 1.0, -3, 1e6, 1e20, 0.1 })
  end)

  it("random ones come back exactly", function()
    for _ = 1, 2000 do
      local value = (math.random() - 0.5) * 10 ^ math.random(-20, 20)
      assert.are.equal(value, json.number(json.decode(json.encode(value))))
    end
  end)
end)

describe("json.encode", function()
  it("tells arrays from objects by their keys", function()
    assert.are.equal("[1,2,3]", json.encode { 1, 2, 3 })
    assert.are.equal('{"a":1}', json.encode { a = 1 })
    assert.are.equal("{}", json.encode {})
    assert.are.equal("[]", json.encode(json.array {}))
    assert.are.equal("[]", json.encode(json.array()))
    assert.are.equal('["x"]', json.encode(json.array { "x" }))
  end)

  it("writes well-known names in their customary order, the rest by their bytes", function()
    assert.are.equal(
      '{"id":"c","object":"o","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant",'
        .. '"content":"hi","tool_calls":[{"id":"t","type":"function","function":{"name":"f","arguments":"{}"}}]},'
        .. '"logprobs":null,"finish_reason":"stop"}],'
        .. '"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3},'
        .. '"A":1,"Z":2,"a":3,"aa":4,"z":5,"é":6}',
      json.encode {
        z = 5, ["é"] = 6, a = 3, aa = 4, A = 1, Z = 2, id = "c", object = "o", created = 1, model = "m",
        usage = { total_tokens = 3, prompt_tokens = 1, completion_tokens = 2 },
        choices = {
          {
            finish_reason = "stop", index = 0, logprobs = json.null,
            message = {
              content = "hi", role = "assistant",
              tool_calls = { { type = "function", id = "t", ["function"] = { arguments = "{}", name = "f" } } },
            },
          },
        },
      }
    )
    assert.are.equal('{"status":"ok","providers":[{"name":"n","status":"s","circuit":"closed","models":4}]}',
      json.encode { providers = { { models = 4, circuit = "closed", status = "s", name = "n" } }, status = "ok" })
    assert.are.equal('{"error":{"message":"m","type":"t","param":null,"code":"c"}}',
      json.encode { error = { code = "c", param = json.null, type = "t", message = "m" } })
  end)

  it("sorts many names too", function()
    local value, names = {}, {}
    for i = 1, 500 do
      local name = ("k%03d"):format((i * 137) % 500)
      value[name] = 1
      names[i] = ('"k%03d":1'):format(i - 1)
    end
    assert.are.equal("{" .. table.concat(names, ",") .. "}", json.encode(value))
  end)

  it("writes a slash and what is not ASCII as they are", function()
    assert.are.equal('"a/b <é> 😀"', json.encode "a/b <é> 😀")
    assert.are.equal([["\"\\\n\t\u0001\u0000"]], json.encode '"\\\n\t\1\0')
  end)

  it("answers nil and a sentence for what JSON cannot say", function()
    local function refused(value, message)
      local text, err = json.encode(value)
      assert.is_nil(text)
      assert.are.equal(message, err)
    end
    local itself = {}
    itself.deep = { itself }
    refused(itself, "a table contains itself")
    refused(nested(65), "nested deeper than 64 levels")
    refused(0 / 0, "a number is not finite")
    refused({ 1 / 0 }, "a number is not finite")
    refused({ "\255" }, "a string is not valid UTF-8")
    refused({ ["\255"] = 1 }, "a string is not valid UTF-8")
    refused({ 1, nil, 3 }, "an array has gaps")
    refused({ 1, a = 2 }, "a table has both names and positions")
    refused({ [0] = 1 }, "a table key is no position")
    refused({ [1.5] = 1 }, "a table key is no position")
    refused({ [true] = 1 }, "a table key is neither a name nor a position")
    refused(json.array { a = 1 }, "an array has names")
    refused({ f = function() end }, "a function or a coroutine is no JSON value")
    refused({ coroutine.create(function() end) }, "a function or a coroutine is no JSON value")
    refused(nil, "nil is no JSON value")
    assert.has_error(function() json.encode() end)
  end)

  it("works again after a refusal", function()
    json.encode { a = { b = { 0 / 0 } } }
    assert.are.equal('{"a":[1]}', json.encode { a = { 1 } })
  end)

  it("goes 64 levels down", function()
    assert.are.equal(("["):rep(64) .. "1" .. ("]"):rep(64), json.encode(nested(64)))
  end)

  it("refuses a text that doubles at each level", function()
    local value = { ("x"):rep(100) }
    for _ = 1, 40 do value = { value, value } end
    assert.are.same({ nil, "larger than 32 MiB" }, { json.encode(value) })
  end)

  it("never runs a metamethod", function()
    local value = setmetatable({ a = 1 }, { __index = function() error "ran" end, __len = function() error "ran" end })
    assert.are.equal('{"a":1}', json.encode(value))
  end)

  it("reads through a read-only view", function()
    local view = setmetatable({}, { __index = { a = { 1 } }, __metatable = false })
    assert.are.equal('{"v":{"a":[1]}}', json.encode { v = view })
    assert.is_true(json.is_object(view))
  end)
end)

describe("json.array", function()
  it("marks the table it was given", function()
    local list = {}
    assert.are.equal(list, json.array(list))
    assert.is_true(json.is_array(json.array(list)))
  end)

  it("leaves a table alone that has a metatable of its own", function()
    assert.has_error(function() json.array(setmetatable({}, {})) end)
    assert.has_error(function() json.array "x" end)
  end)

  it("cannot be taken off or changed", function()
    local list = json.array {}
    assert.is_false(getmetatable(list))
    assert.has_error(function() setmetatable(list, nil) end)
  end)

  it("is seen in a plain list too", function()
    assert.is_true(json.is_array { 1 })
    assert.is_false(json.is_array { a = 1 })
    assert.is_false(json.is_array {})
  end)
end)

describe("json.raw", function()
  it("is written as it stands", function()
    local raw = json.raw ' {"z": 1.0, "a" : [ ]} '
    assert.is_true(json.is_raw(raw))
    assert.are.equal('{"z": 1.0, "a" : [ ]}', json.text(raw))
    assert.are.equal('{"z": 1.0, "a" : [ ]}', tostring(raw))
    assert.are.equal('{"p":{"z": 1.0, "a" : [ ]}}', json.encode { p = raw })
  end)

  it("is checked when it is made", function()
    local raw, err = json.raw "{"
    assert.is_nil(raw)
    assert.are.equal("unexpected end at byte 2", err)
  end)

  it("counts its levels where it is put", function()
    local raw = json.raw "[[]]"
    local function at(depth)
      local value = raw
      for _ = 1, depth do value = { value } end
      return value
    end
    assert.is_string(json.encode(at(62)))
    assert.are.same({ nil, "nested deeper than 64 levels" }, { json.encode(at(63)) })
  end)

  it("keeps the values of the named keys wherever they occur", function()
    local text = '{"tools":[{"function":{"name":"f","parameters":{"z":1,"a":{"parameters":1.0}}}}],'
      .. '"parameters":"\\u0061"}'
    local value = json.decode(text, { raw = { parameters = true } })
    local parameters = value.tools[1]["function"].parameters
    assert.is_true(json.is_raw(parameters))
    assert.are.equal('{"z":1,"a":{"parameters":1.0}}', json.text(parameters))
    assert.are.equal([["\u0061"]], json.text(value.parameters))
    assert.is_string(value.tools[1]["function"].name)
    local again = json.encode { p = parameters }
    assert.are.equal('{"p":{"z":1,"a":{"parameters":1.0}}}', again)
  end)

  it("kept by a key knows its own depth, not the document's", function()
    local deep = ("["):rep(60) .. ("]"):rep(60)
    local value = json.decode('{"other":' .. deep .. ',"kept":[[1]]}', { raw = { kept = true } })
    local holder = value.kept
    for _ = 1, 62 do holder = { holder } end
    assert.is_string(json.encode(holder))
    assert.is_nil(json.encode { holder })
  end)

  it("no other value passes for one", function()
    for _, other in ipairs { "x", 1, {}, json.null, json.decode "1.0" } do
      assert.is_false(json.is_raw(other))
      assert.has_error(function() json.text(other) end)
    end
  end)

  it("is closed to scripts", function()
    assert.is_false(getmetatable(json.raw "1"))
    assert.is_false(getmetatable(json.decode "1.0"))
    assert.has_error(function() json.raw("{}").x = 1 end)
  end)
end)

describe("json.equal", function()
  local function same(a, b) return json.equal(json.decode(a), json.decode(b)) end

  it("compares deeply, whatever the order of members", function()
    assert.is_true(same('{"a":[1,{"b":null}],"c":"x"}', '{"c":"x","a":[1,{"b":null}]}'))
    assert.is_false(same('{"a":[1,2]}', '{"a":[2,1]}'))
    assert.is_false(same('{"a":1}', '{"a":1,"b":2}'))
    assert.is_false(same('{"a":1,"b":2}', '{"a":1}'))
    assert.is_false(same('{"a":null}', "{}"))
    assert.is_false(same("[1]", "[1,1]"))
  end)

  it("tells an empty array, an empty object, null and false apart", function()
    local texts = { "[]", "{}", "null", "false", '""', "0" }
    for i, a in ipairs(texts) do
      for j, b in ipairs(texts) do assert.are.equal(i == j, same(a, b)) end
    end
  end)

  it("compares numbers by value, and large integers by their digits", function()
    assert.is_true(same("1.0", "1"))
    assert.is_true(same("1e3", "1000.0"))
    assert.is_true(same("9007199254740993", "9007199254740993"))
    assert.is_false(same("9007199254740993", "9007199254740992"))
    assert.is_false(same("9223372036854775807", "9223372036854775806"))
    assert.is_false(same("1", '"1"'))
  end)

  it("compares raw values by what they say", function()
    assert.is_true(json.equal(json.raw '{"a": 1.0}', { a = 1 }))
    assert.is_true(json.equal({ x = { json.raw "[ ]" } }, { x = { json.array {} } }))
    assert.is_false(json.equal(json.raw "{}", json.raw "[]"))
  end)

  it("says no to what contains itself", function()
    local a, b = {}, {}
    a[1], b[1] = a, b
    assert.is_false(json.equal(a, b))
  end)
end)

describe("a round trip", function()
  local function random_value(depth)
    local kind = math.random(depth > 4 and 6 or 8)
    if kind == 1 then return json.null end
    if kind == 2 then return math.random() < 0.5 end
    if kind == 3 then return math.random(-1000000, 1000000) / 2 ^ math.random(0, 4) end
    if kind == 4 then return json.decode(("%d.0"):format(math.random(100))) end
    if kind <= 6 then return ("é\n\"x😀"):rep(math.random(0, 3)) end
    local value = kind == 7 and json.array {} or {}
    for i = 1, math.random(0, 5) do value[kind == 7 and i or "key" .. i] = random_value(depth + 1) end
    return value
  end

  it("changes nothing", function()
    for _ = 1, 500 do
      local value = random_value(0)
      local text = json.encode(value)
      local again = json.decode(text)
      assert.is_true(json.equal(value, again))
      assert.are.equal(text, json.encode(again))
    end
  end)
end)
