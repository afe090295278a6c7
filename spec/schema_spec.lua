-- SPDX-License-Identifier: Apache-2.0
local door = require "gateway.config"
local schema = require("gateway.spec").module "schema"

--- The value of a YAML text under a schema, and the errors as "line:column: path: message".
local function check(text, spec, variable)
  local node, faults = door.parse(text, "yaml")
  assert.is_nil(faults)
  local value, errors = schema.check(node, spec, nil, variable)
  local lines = {}
  for i, problem in ipairs(errors) do
    lines[i] = ("%d:%d: %s: %s"):format(problem.line, problem.column, problem.path, problem.message)
  end
  return value, lines
end

local function assert_value(expected, text, spec, variable)
  local value, errors = check(text, spec, variable)
  assert.are.same({}, errors)
  assert.are.same(expected, value)
end

local function assert_errors(expected, text, spec, variable)
  local _, errors = check(text, spec, variable)
  assert.are.same(expected, errors)
end

describe("a record", function()
  local spec = {
    name = { "string", required = true },
    port = { "integer", min = 1, max = 65535, default = 8080 },
    retry = { "record", fields = { attempts = { "integer", default = 1 }, pause = { "duration", default = "1s" } } },
    extra = { "record", optional = true, fields = { size = { "bytes", required = true } } },
  }

  it("types what is written and fills in defaults", function()
    assert_value({ name = "a", port = 8080, retry = { attempts = 1, pause = 1000 } }, "name: a", spec)
    assert_value({ name = "a", port = 1, retry = { attempts = 3, pause = 1000 }, extra = { size = 1024 } },
      "name: a\nport: 1\nretry: { attempts: 3 }\nextra: { size: 1KiB }", spec)
  end)

  it("takes a map with nothing in it for an empty one", function()
    assert_value({ name = "a", port = 8080, retry = { attempts = 1, pause = 1000 } }, "name: a\nretry:\n", spec)
  end)

  it("reports every error at once, by line", function()
    assert_errors({
      "1:1: name: name is required",
      "1:7: port: must be between 1 and 65535, got 0",
      "2:1: nme: unknown key \"nme\"; did you mean \"name\"?",
      "3:20: retry.attempts: must be a whole number, got 1e3: write 1000",
      "4:8: extra: must be a map, got a list",
    }, "port: 0\nnme: x\nretry: { attempts: 1e3 }\nextra: []", spec)
  end)

  it("refuses a value where one is needed", function()
    assert_errors({ "1:6: name: must be a string, got nothing", "2:7: port: must be a whole number, got nothing" },
      "name:\nport: ~", spec)
  end)

  it("says where a misplaced key belongs", function()
    assert_errors({ "1:1: attempts: unknown key \"attempts\" here; did you mean retry.attempts?" },
      "attempts: 3\nname: a", spec)
    assert_errors({ "1:10: retry.port: unknown key \"port\" here; did you mean port?" },
      "retry: { port: 3 }\nname: a", spec)
  end)

  it("lists the keys it knows when nothing is near", function()
    assert_errors({ "1:1: zzzzzz: unknown key \"zzzzzz\"; valid keys: extra, name, port, retry" },
      "zzzzzz: 1\nname: a", spec)
  end)
end)

describe("a list", function()
  it("checks every item and keeps positions", function()
    assert_value({ list = { "a", "b" } }, "list: [a, b]", { list = { "array", of = "string" } })
    assert_errors({ "1:12: list[1]: must be a whole number, got x" }, "list: [ 1, x, 3 ]",
      { list = { "array", of = "integer" } })
  end)

  it("has its own bounds", function()
    local spec = { list = { "array", of = "string", min = 1, max = 2 } }
    assert_errors({ "1:7: list: must have 1 to 2 items, got 0" }, "list: []", spec)
    assert_errors({ "1:7: list: must have 1 to 2 items, got 3" }, "list: [a, b, c]", spec)
    assert_value({ list = { "a", "b" } }, "list: [a, b]", spec)
  end)

  it("is empty where nothing is written after its key", function()
    assert_value({ list = {} }, "list:", { list = { "array", of = "string" } })
  end)

  it("may be a word instead", function()
    local spec = { list = { "array", of = "string", word = "auto" } }
    assert_value({ list = "auto" }, "list: auto", spec)
    assert_errors({ '1:7: list: must be a list or the word "auto", got automatic' }, "list: automatic", spec)
  end)
end)

describe("a map", function()
  it("has keys of the operator's own", function()
    local spec = { names = { "map", of = { "string", min = 1 } } }
    assert_value({ names = { ["a b"] = "x", c = "y" } }, "names: { a b: x, c: y }", spec)
    assert_errors({ '1:15: names["a b"]: must not be empty' }, "names: { a b: '' }", spec)
  end)
end)

describe("a string", function()
  it("is one of a set", function()
    local spec = { mode = { "string", one_of = { "warn", "drop", "reject" } } }
    assert_value({ mode = "drop" }, "mode: drop", spec)
    assert_errors({ '1:7: mode: must be one of warn, drop, reject, got wran; did you mean "warn"?' },
      "mode: wran", spec)
  end)

  it("is measured in bytes", function()
    local spec = { word = { "string", min = 2, max = 3 } }
    assert_value({ word = "ab" }, "word: ab", spec)
    assert_value({ word = "abc" }, "word: abc", spec)
    assert_errors({ "1:7: word: must have at least 2 bytes, got 1" }, "word: a", spec)
    assert_errors({ "1:7: word: must have at most 3 bytes, got 4" }, "word: abcd", spec)
    assert_errors({ "1:7: word: must not be empty" }, "word: ''", spec)
  end)

  it("holds no line breaks unless it may", function()
    assert_errors({ "1:7: word: must not hold control characters or line breaks" },
      'word: "a\\nb"', { word = "string" })
    assert_value({ word = "a\nb" }, 'word: "a\\nb"', { word = { "string", multiline = true } })
  end)

  it("replaces references to the environment where it may", function()
    local variables = { A = "1", B = "2", EMPTY = "" }
    local function variable(name) return variables[name] end
    local spec = { key = { "string", expand = true } }
    assert_value({ key = "x1y2$A${}${1}" }, "key: x${A}y${B}$A${}${1}", spec, variable)
    assert_value({ key = "${A}" }, "key: ${A}", { key = "string" }, variable)
    assert_value({ key = "${A}" }, "key: ${A}", spec)
    assert_errors({ "1:6: key: undefined environment variable(s): NO, EMPTY" },
      "key: ${A}${NO}${EMPTY}", spec, variable)
  end)

  it("keeps a secret out of every message", function()
    local spec = { key = { "string", secret = true, expand = true, max = 4 } }
    local function variable() return "hunter2" end
    assert_value({ key = "abc" }, "key: 'abc'", spec)
    for _, text in ipairs { "key: hunter2", "key: 'hunter2'", "key: ${X}" } do
      local _, errors = check(text, spec, variable)
      assert.are.equal(1, #errors)
      assert.is_nil(errors[1]:find("hunter2", 1, true))
    end
    assert_errors({ "1:6: key: must be written as ${NAME} or in quotes" }, "key: abc", spec)
  end)

  it("is judged by the schema's own check", function()
    local spec = { word = { "string", check = function(value, shown)
      if value ~= "magic" then return "is no magic: " .. shown end
    end } }
    assert_value({ word = "magic" }, "word: magic", spec)
    assert_errors({ "1:7: word: is no magic: other" }, "word: other", spec)
  end)
end)

describe("bounds", function()
  it("are written and shown in the type's own notation", function()
    local spec = {
      pause = { "duration", min = "1s", max = "1m" }, size = { "bytes", max = "1MiB" },
      share = { "number", min = 0, max = 1 },
    }
    assert_value({ pause = 1000, size = 1048576, share = 0.5 }, "pause: 1s\nsize: 1MiB\nshare: 0.5", spec)
    assert_value({ pause = 60000, size = 0, share = 1 }, "pause: 60s\nsize: 0\nshare: 1", spec)
    assert_errors({
      "1:8: pause: must be between 1s and 1m, got 999ms", "2:7: size: must be between 0 and 1MiB, got 1048577",
      "3:8: share: must be between 0 and 1, got 1.5",
    }, "pause: 999ms\nsize: 1048577\nshare: 1.5", spec)
  end)

  it("keep durations and sizes from being negative", function()
    assert_errors({ "1:8: pause: must not be negative, got -5s" }, "pause: -5s", { pause = "duration" })
    assert_errors({ "1:7: size: must not be negative, got -1" }, "size: -1", { size = "bytes" })
  end)
end)

describe("free form", function()
  local spec = { config = { "any" } }

  it("is typed by the plain rules", function()
    assert_value({ config = { a = 1, b = 1.5, c = true, d = "x", e = { 1, "y", { z = false } }, f = "010" } },
      "config: { a: 1, b: 1.5, c: true, d: x, e: [1, y, { z: false }], f: '010', g: null }", spec)
  end)

  it("refuses what readers of YAML disagree about", function()
    assert_errors({
      "1:14: config.a: ambiguous: 010; write a plain number, true, false, or quotes",
      "1:23: config.b[0]: ambiguous: yes; write a plain number, true, false, or quotes",
      "1:32: config.c: ambiguous: 12:30; write a plain number, true, false, or quotes",
    }, "config: { a: 010, b: [yes], c: 12:30 }", spec)
  end)

  it("has no holes in lists", function()
    assert_errors({ "1:13: config[1]: a list cannot hold nothing" }, "config: [1, ~]", spec)
  end)

  it("replaces references", function()
    local text = "config: { a: '${X}', b: \"x${X}\" }"
    assert_value({ config = { a = "v", b = "xv" } }, text, spec, function() return "v" end)
    assert_errors({
      "1:14: config.a: undefined environment variable(s): X", "1:25: config.b: undefined environment variable(s): X",
    }, text, spec, function() end)
  end)
end)

describe("a key of a later version", function()
  local spec = { plugins = { "unsupported" }, deep = { "record", fields = { key = { "unsupported" } } } }

  it("is told, never ignored", function()
    assert_errors({
      "1:10: plugins: plugins is not supported by this version yet",
      "2:14: deep.key: deep.key is not supported by this version yet",
    }, "plugins: [x]\ndeep: { key: false }", spec)
  end)

  it("may be spelt out empty", function()
    assert_value({ deep = {} }, "plugins: []\ndeep: { key: }", spec)
  end)
end)

describe("a plain Lua value", function()
  local spec = {
    words = { "array", of = "string", required = true }, max = { "integer", default = 3 }, pause = { "duration" },
    on = { "boolean", default = true }, map = { "map", of = "number", default = {} },
  }

  it("is checked like a document", function()
    local value, errors = schema.check_value({ words = { "010" }, pause = "1s", on = false, map = { a = 1.5 } }, spec)
    assert.are.same({}, errors)
    assert.are.same({ words = { "010" }, max = 3, pause = 1000, on = false, map = { a = 1.5 } }, value)
  end)

  it("may have empty tables for lists and maps", function()
    local value, errors = schema.check_value({ words = {}, map = {} }, spec)
    assert.are.same({}, errors)
    assert.are.same({}, value.words)
    assert.are.same({}, value.map)
  end)

  it("is refused with the path of what is wrong", function()
    local _, errors = schema.check_value({ words = { 1 }, max = 1.5, on = "true", map = { a = 0 / 0 } }, spec, "config")
    local paths = {}
    for i, problem in ipairs(errors) do paths[i] = problem.path end
    assert.are.same({ "config.map.a", "config.max", "config.on", "config.words[0]" }, paths)
  end)

  it("must not be endless", function()
    local endless = {}
    endless.again = endless
    assert.has_error(function() schema.check_value(endless, { "any" }) end)
  end)
end)

describe("a schema", function()
  it("is checked itself", function()
    assert.is_nil(schema.problem { words = { "array", of = "string", required = true }, n = "integer" })
    assert.are.equal('schema.words: unknown type "strng"; did you mean "string"?', schema.problem { words = "strng" })
    assert.are.equal('schema.a: unknown attribute "defualt"; did you mean "default"?',
      schema.problem { a = { "integer", defualt = 3 } })
    assert.are.equal("schema.a: array needs `of`", schema.problem { a = { "array" } })
    assert.are.equal('schema.a.of.b: unknown type "x"', schema.problem { a = { "map", of = { b = "x" } } })
    assert.are.equal("schema.a: default: must be between 1 and 2, got 3",
      schema.problem { a = { "integer", min = 1, max = 2, default = 3 } })
    assert.are.equal("schema must be a table or the name of a type", schema.problem(3))
  end)

  it("raises when it is used all the same", function()
    assert.has_error(function() schema.check_value({ a = 1 }, { a = "intger" }) end,
      'schema of a: unknown type "intger"; did you mean "integer"?')
  end)
end)

describe("a file that is wrong everywhere", function()
  it("is told the first hundred places", function()
    local lines = {}
    for i = 1, 500 do lines[i] = ("key%d: 1"):format(i) end
    local _, errors = check(table.concat(lines, "\n"), { name = "string" })
    assert.are.equal(schema.ERRORS_MAX, #errors)
    assert.are.equal("1:1: key1", errors[1]:sub(1, 9))
  end)
end)
