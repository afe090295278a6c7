-- SPDX-License-Identifier: Apache-2.0
require "gateway.spec"
local match = require "gateway.match"

local function refused(fn, ...)
  local arguments = { ... }
  local done, message = pcall(function() return fn(unpack(arguments)) end)
  assert.is_false(done)
  return (tostring(message):gsub("^[^:]+:%d+: ", ""))
end

local function told(list)
  local out = {}
  for i, found in ipairs(list) do
    assert.same({ found.from, found.to, found.index }, { found[1], found[2], found[3] })
    out[i] = ("%d-%d:%d"):format(found.from, found.to, found.index)
  end
  return table.concat(out, " ")
end

describe("gateway.match", function()
  it("finds the leftmost, then longest word", function()
    local set = match.literals { "cd", "abcde", "abc" }
    assert.same({ 4, 8, 2 }, { set:find "xx abcdef" })
    assert.same({ 1, 3, 3 }, { set:find "abcdx" })
    assert.is_nil((set:find "ABC"))
    assert.equal(0, select("#", set:find ""))
  end)

  it("looks from a position on", function()
    local set = match.literals { "a" }
    assert.same({ 3, 3, 1 }, { set:find("a a", 2) })
    assert.is_nil((set:find("a a", 4)))
    assert.is_nil((set:find("a a", 100)))
    assert.has_error(function() set:find("a", 0) end)
  end)

  it("folds ASCII letters only when told to", function()
    local set = match.literals({ "Bomb", "ärger" }, { caseless = true })
    assert.same({ 3, 6, 1 }, { set:find "a bOMB" })
    assert.equal("1-6:2", told(set:all "äRGER Ärger"))
  end)

  it("takes regular expressions with their options", function()
    local set = match.patterns({ "[a-z]+@[a-z]+", "^x.y$" }, { caseless = true, multiline = true, dotall = true })
    assert.equal("5-12:1", told(set:all "me: Joe@Site!"))
    assert.equal("3-5:2", told(set:all "a\nX\nY\nb"))
  end)

  it("lists matches that do not overlap", function()
    local set = match.patterns { "[0-9]{2,6}" }
    assert.equal("1-6:1 7-8:1 10-11:1", told(set:all "12345678 12"))
    assert.equal("7-8:1", told(set:all("12345678", 7)))
    assert.same({}, set:all "none")
  end)

  it("replaces by a text or by what a function says", function()
    local set = match.literals { "cat", "dog" }
    assert.same({ "a *, a *", 2 }, { set:replace("a cat, a dog", "*") })
    assert.same({ "no pet", 0 }, { set:replace("no pet", "*") })
    local function name(word, index) return index == 2 and word:upper() or nil end
    assert.same({ "a cat, a DOG", 2 }, { set:replace("a cat, a dog", name) })
    assert.has_error(function() set:replace("cat", function() return 7 end) end)
    assert.has_error(function() set:replace("cat", 7) end)
  end)

  it("may be used inside of its own replacement", function()
    local set = match.literals { "a" }
    local text = set:replace("aXaXa", function(word) return (set:replace(word .. "a", "b")) end)
    assert.equal("bbXbbXbb", text)
  end)

  it("knows what may become a word", function()
    local set = match.literals({ "secret", "crew" }, { caseless = true })
    assert.equal(4, set:pending "the sECR")
    assert.equal(0, set:pending "the secretx")
    assert.equal(6, set:reach())
    assert.is_nil((match.patterns { "a+" }:reach()))
  end)

  it("says of a text that goes on what no more text can change", function()
    for _, set in ipairs { match.literals { "ab", "x", "abc" }, match.patterns { "abc?", "x" } } do
      assert.same({ nil, 2 }, { set:find("__ab", 1, true) })
      assert.same({ 3, 4, 1 }, { set:find("__ab_", 1, true) })
      assert.same({ nil, 5 }, { set:find("__ab_", 5, true) })
      local list, decided = set:all("xab_xab", 1, true)
      assert.equal("1-1:2 2-3:1 5-5:2", told(list))
      assert.equal(5, decided)
      assert.same({ 1, 2, 1 }, { set:find("ab", 1, false) })
    end
  end)

  it("sees a word over the seams of a stream, for good", function()
    local set = match.literals { "other", "secret" }
    local stream = set:stream()
    assert.is_nil((stream:feed "a sec"))
    assert.equal(2, stream:feed "ret")
    assert.equal(2, stream:feed "other")
    assert.is_nil((set:stream():feed "ret"))
  end)

  it("names the word or pattern that is wrong", function()
    assert.equal("pattern 2: a group without its closing parenthesis (at byte 3)",
      refused(match.patterns, { "a", "(b" }))
    assert.equal("pattern 1: may match nothing at all", refused(match.patterns, { "a*" }))
    assert.equal("word 2: is empty", refused(match.literals, { "a", "" }))
    assert.equal("entry 2 is a number, not a string", refused(match.literals, { "a", 7 }))
    assert.equal("a set needs at least one word or pattern", refused(match.literals, {}))
    assert.equal('unknown option "dotall"', refused(match.literals, { "a" }, { dotall = true }))
    assert.has_error(function() match.literals "a" end)
    assert.has_error(function() match.literals({ "a" }, { caseless = 1 }) end)
  end)
end)
