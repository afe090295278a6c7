-- SPDX-License-Identifier: Apache-2.0
local door = require "gateway.config"
local config = require("gateway.spec").module "config"

describe("parse", function()
  it("gives every node its kind and place", function()
    local node, faults = door.parse("a: [ 'x', ~ ]\nb: { c: 010 }", "yaml")
    assert.is_nil(faults)
    assert.are.same({
      kind = "map", line = 1, column = 1, entries = {
        { key = "a", line = 1, column = 1, value = { kind = "list", line = 1, column = 4, items = {
          { kind = "scalar", line = 1, column = 6, text = "x", quoted = true, null = false },
          { kind = "scalar", line = 1, column = 11, text = "~", quoted = false, null = true },
        } } },
        { key = "b", line = 2, column = 1, value = { kind = "map", line = 2, column = 4, entries = {
          { key = "c", line = 2, column = 6, value = {
            kind = "scalar", line = 2, column = 9, text = "010", quoted = false, null = false,
          } },
        } } },
      },
    }, node)
  end)

  it("reads JSON the same way", function()
    local node = assert(door.parse('{"a": ["x", null, 1]}', "json"))
    local items = node.entries[1].value.items
    assert.are.same({ true, false, false }, { items[1].quoted, items[2].quoted, items[3].quoted })
    assert.is_true(items[2].null)
    assert.are.equal("1", items[3].text)
  end)

  it("gives faults, with the node while the document could be read to its end", function()
    local node, faults = door.parse("a: 1\na: 2", "yaml")
    assert.are.equal("map", node.kind)
    assert.are.same({ { line = 2, column = 1, message = 'duplicate key "a": already on line 1' } }, faults)
    node, faults = door.parse("a: [", "yaml")
    assert.is_nil(node)
    assert.are.equal(1, #faults)
  end)

  it("takes strings and two formats alone", function()
    assert.has_error(function() door.parse({}, "yaml") end)
    assert.has_error(function() door.parse("a", "toml") end)
  end)
end)

describe("read", function()
  it("gives the bytes of a file or the reason", function()
    assert.is_truthy(door.read("conf/minimal.yaml"):find("targets:", 1, true))
    local text, message = door.read "/nowhere.yaml"
    assert.is_nil(text)
    assert.are.equal("cannot be read: there is no such file", message)
  end)
end)

describe("the environment", function()
  it("is read by name", function()
    assert.are.equal(os.getenv "PATH", door.variable "PATH")
    assert.is_nil(door.variable "MOONGATE_NO_SUCH_VARIABLE")
    assert.is_nil(door.variable "no name=")
    assert.is_nil(door.variable "")
    assert.is_nil(door.variable "PATH\0X")
  end)

  it("lists what configures a gateway and finds the rest", function()
    local environment = door.environment()
    assert.is_nil(rawget(environment, "PATH"))
    assert.are.equal(os.getenv "PATH", environment.PATH)
    assert.is_nil(environment.MOONGATE_NO_SUCH_VARIABLE)
  end)
end)

describe("a network", function()
  it("is an address or a prefix of one, and nothing else", function()
    for _, text in ipairs {
      "10.0.0.0/8", "127.0.0.1", "0.0.0.0/0", "::/0", "2001:db8::/32", "::1/128", "::ffff:1.2.3.4",
    } do
      assert.is_true(door.is_network(text), text)
    end
    for _, text in ipairs {
      "", "10", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/08", "::/129", "::1%lo", "[::1]", "10.0.0.1:80", "a.b",
      "1.2.3.4 ", "/8", "1.2.3.4/-1", "1.2.3.4\0", "1.2.3.4/8/8", ("1"):rep(100),
    } do
      assert.is_false(door.is_network(text), text)
    end
  end)
end)

describe("settings", function()
  local function settings() return assert(config.load {}).settings end

  it("takes every name the C side has", function()
    assert.is_true(door.settings(settings()))
  end)

  it("refuses a missing name, an unknown one and a wrong value", function()
    local cases = {
      { "host", nil, "setting host: not a string" }, { "port", -1, "setting port: out of range" },
      { "port", 4294967296, "setting port: out of range" }, { "port", 1.5, "setting port: out of range" },
      { "port", 0 / 0, "setting port: out of range" }, { "port", "80", "setting port: not a number" },
      { "open_proxy", 1, "setting open_proxy: not a boolean" }, { "host", ("x"):rep(256), "setting host: too long" },
      { "host", "a\0b", "setting host: holds a NUL" }, { "prot", 1, "setting prot: not known to this program" },
      { "stream_bytes", 2 ^ 53, "setting stream_bytes: out of range" },
    }
    for _, case in ipairs(cases) do
      local flat = settings()
      flat[case[1]] = case[2]
      local taken, message = door.settings(flat)
      assert.is_nil(taken)
      assert.are.equal(case[3], message)
    end
  end)

  it("takes the largest values that fit", function()
    local flat = settings()
    flat.host, flat.port, flat.stream_bytes = ("x"):rep(255), 4294967295, 2 ^ 53 - 1
    assert.is_true(door.settings(flat))
  end)
end)
