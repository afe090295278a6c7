-- SPDX-License-Identifier: Apache-2.0
local scalar = require("gateway.spec").module "scalar"

local function plain(text) return { kind = "scalar", text = text, quoted = false, null = false } end
local function quoted(text) return { kind = "scalar", text = text, quoted = true, null = false } end

--- Every text of `cases` gives its value, or nil and a message that holds the words.
local function assert_reads(read, cases)
  for text, expected in pairs(cases) do
    assert.are.equal(expected, (read(plain(text))), text)
  end
end

local function assert_refuses(read, node, words)
  local value, message = read(node)
  assert.is_nil(value, node.text)
  assert.is_truthy(message:find(words, 1, true), ("%q does not say %q"):format(message, words))
end

describe("a whole number", function()
  it("is digits without leading zeros", function()
    assert_reads(scalar.integer, { ["0"] = 0, ["7"] = 7, ["-7"] = -7, ["9007199254740991"] = 9007199254740991 })
  end)

  it("refuses what readers of YAML disagree about, and says what to write", function()
    assert_refuses(scalar.integer, plain "010", "got 010: write 10")
    assert_refuses(scalar.integer, plain "1_000", "got 1_000: write 1000")
    assert_refuses(scalar.integer, plain "1e3", "got 1e3: write 1000")
    assert_refuses(scalar.integer, plain "0x10", "got 0x10: write 16")
    assert_refuses(scalar.integer, plain "0o17", "got 0o17: write 15")
    assert_refuses(scalar.integer, plain "+5", "got +5: write 5")
    assert_refuses(scalar.integer, plain "5.0", "got 5.0: write 5")
    assert_refuses(scalar.integer, plain "12:30", "got 12:30: some YAML readers take this for base 60")
    assert_refuses(scalar.integer, plain ".inf", "got .inf: write a finite number")
    assert_refuses(scalar.integer, plain "-.Inf", "write a finite number")
    assert_refuses(scalar.integer, plain ".NaN", "write a finite number")
    assert_refuses(scalar.integer, plain "1.5", "got 1.5: write it without a fraction")
    assert_refuses(scalar.integer, quoted "5", 'got "5": remove the quotes')
    assert_refuses(scalar.integer, plain "-0", "must be a whole number, got -0")
    assert_refuses(scalar.integer, plain "yes", "must be a whole number, got yes")
    assert_refuses(scalar.integer, plain "", "must be a whole number")
  end)

  it("ends where neighbours become one number", function()
    assert_refuses(scalar.integer, plain "9007199254740992", "at most 9007199254740991")
    assert_refuses(scalar.integer, plain "9223372036854775808", "at most 9007199254740991, got 9223372036854775808")
    assert_refuses(scalar.integer, plain "-9223372036854775808", "at most")
    assert_refuses(scalar.integer, plain(("9"):rep(400)), "at most")
  end)
end)

describe("a number", function()
  it("is written as in JSON", function()
    assert_reads(scalar.number, { ["0"] = 0, ["1.5"] = 1.5, ["-2e3"] = -2000, ["0.25"] = 0.25, ["1E-2"] = 0.01 })
  end)

  it("refuses everything else", function()
    for _, text in ipairs { "010", "1_000", ".5", "5.", "0x10", "12:30", ".inf", ".nan", "1e999", "+1", "1.5x", "" } do
      assert_refuses(scalar.number, plain(text), "must be ")
    end
    assert_refuses(scalar.number, quoted "1.5", "must be a number")
    assert_refuses(scalar.number, plain "9223372036854775808", "at most 9007199254740991")
  end)
end)

describe("a boolean", function()
  it("is true or false", function()
    assert_reads(scalar.boolean, { ["true"] = true, ["false"] = false })
  end)

  it("refuses the other words of YAML 1.1 with a hint", function()
    for _, text in ipairs { "yes", "Yes", "on", "True", "TRUE", "y" } do
      assert_refuses(scalar.boolean, plain(text), ("got %s: write true"):format(text))
    end
    for _, text in ipairs { "no", "off", "OFF", "False", "n" } do
      assert_refuses(scalar.boolean, plain(text), ("got %s: write false"):format(text))
    end
    assert_refuses(scalar.boolean, quoted "true", 'got "true": write true without quotes')
    assert_refuses(scalar.boolean, plain "1", "must be true or false, got 1")
  end)
end)

describe("a string", function()
  it("is any word no reader takes for something else", function()
    for _, text in ipairs { "gpt-4o", "127.0.0.1", "::1", "2024-10-21", "v1", "http://h:1/v1", "1.2.3", "a:1", "e5" } do
      assert.are.equal(text, (scalar.string(plain(text))))
    end
  end)

  it("needs quotes when it looks like a number, a boolean or base 60", function()
    local words = {
      "010", "1", "1.5", "1_000", "0x1F", "0b1", "-5", "1e3", "1.", "12:30", "12:30:45", ".inf", "-.INF", ".NaN", "yes",
      "No", "on", "off", "true", "FALSE",
    }
    for _, text in ipairs(words) do
      assert_refuses(scalar.string, plain(text), ("must be a string, got %s: put it in quotes"):format(text))
      assert.are.equal(text, (scalar.string(quoted(text))))
    end
  end)
end)

describe("a duration", function()
  it("is written as in Go and becomes milliseconds", function()
    assert_reads(scalar.duration, {
      ["90s"] = 90000, ["1m30s"] = 90000, ["500ms"] = 500, ["1.5h"] = 5400000, ["2h45m0.5s"] = 9900500, ["0"] = 0,
      ["0s"] = 0, ["1000us"] = 1, ["1000µs"] = 1, ["2000000ns"] = 2, ["-5s"] = -5000, ["+1s"] = 1000, [".5s"] = 500,
    })
    assert.are.equal(90000, (scalar.duration(quoted "90s")))
  end)

  it("refuses numbers without a unit and everything else", function()
    assert_refuses(scalar.duration, plain "90", "got 90: write 90s or 90ms")
    for _, text in ipairs { "", "s", "5 s", "5x", "12:30", "1d", "1h-5m", ".s", "1..5s", "yes", "-", "5s5" } do
      assert_refuses(scalar.duration, plain(text), "must be a duration such as 90s, 1m30s or 500ms")
    end
    assert_refuses(scalar.duration, plain "1us", "must be whole milliseconds")
    assert_refuses(scalar.duration, plain(("1"):rep(70) .. "s"), "must be a duration")
  end)

  it("fits a timer", function()
    assert.are.equal(2147483647, (scalar.duration(plain "2147483647ms")))
    assert_refuses(scalar.duration, plain "2147483648ms", "must be at most")
  end)

  it("is shown as it would be written", function()
    for text, value in pairs { ["1m30s"] = 90000, ["0s"] = 0, ["10ms"] = 10, ["1h1s5ms"] = 3601005, ["-5s"] = -5000 } do
      assert.are.equal(text, scalar.duration_text(value))
    end
  end)
end)

describe("a size", function()
  it("is a number of bytes or has a binary unit", function()
    assert_reads(scalar.bytes, {
      ["0"] = 0, ["1048576"] = 1048576, ["256B"] = 256, ["64KiB"] = 65536, ["32MiB"] = 33554432, ["2GiB"] = 2147483648,
      ["-1"] = -1,
    })
    assert.are.equal(1024, (scalar.bytes(quoted "1KiB")))
  end)

  it("refuses units that mean two things", function()
    for text, unit in pairs { ["32MB"] = "32MiB", ["32M"] = "32MiB", ["1K"] = "1KiB", ["1GB"] = "1GiB" } do
      assert_refuses(scalar.bytes, plain(text), ("got %s: write %s"):format(text, unit))
    end
    assert_refuses(scalar.bytes, plain "010", "got 010: write 10")
    assert_refuses(scalar.bytes, plain "1e3", "got 1e3: write 1000")
    assert_refuses(scalar.bytes, quoted "10", 'got "10": remove the quotes')
    assert_refuses(scalar.bytes, plain "1.5MiB", "must be a number of bytes")
    assert_refuses(scalar.bytes, plain "010KiB", "must be a number of bytes")
    assert_refuses(scalar.bytes, plain "9007199254740991KiB", "must be a number of bytes")
  end)

  it("is shown in the largest unit that is exact", function()
    for text, value in pairs { ["32MiB"] = 33554432, ["1025"] = 1025, ["0"] = 0, ["1GiB"] = 1073741824 } do
      assert.are.equal(text, scalar.bytes_text(value))
    end
  end)
end)

describe("a message", function()
  it("stays short whatever was written", function()
    for _, text in ipairs { ("1"):rep(100000), ("1"):rep(100000) .. "MB", ("a"):rep(100000) } do
      for _, kind in ipairs { "integer", "number", "boolean", "duration", "bytes" } do
        local value, message = scalar[kind](plain(text))
        assert.is_nil(value)
        assert.is_true(#message < 200)
      end
    end
  end)

  it("cuts long values and never breaks the line", function()
    assert.are.equal(("x"):rep(57) .. "...", scalar.shown(plain(("x"):rep(61))))
    assert.are.equal(("x"):rep(60), scalar.shown(plain(("x"):rep(60))))
    assert.are.equal('"a?b"', scalar.shown(quoted "a\nb"))
    assert.are.equal(("x"):rep(56) .. "...", scalar.shown(plain(("x"):rep(56) .. "ääää")))
  end)
end)
