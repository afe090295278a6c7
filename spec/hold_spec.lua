-- SPDX-License-Identifier: Apache-2.0
local hold = require("gateway.spec").module "hold"

--- What comes out when `pieces` go through `feed` with at most `most` bytes held, and the most that was held.
local function run(pieces, most, feed)
  local out, held, peak = {}, "", 0
  for _, piece in ipairs(pieces) do
    local window = held .. piece
    if window ~= "" then
      out[#out + 1], held = hold.split(window, feed(window), most)
      peak = math.max(peak, #held)
    end
  end
  if held ~= "" then out[#out + 1] = feed(held) end
  return table.concat(out), peak
end

--- Every way to cut a text into three.
local function each_cut(text, visit)
  for i = 0, #text do
    for j = i, #text do visit { text:sub(1, i), text:sub(i + 1, j), text:sub(j + 1) } end
  end
end

local function bytes_of(text)
  local list = {}
  for i = 1, #text do list[i] = text:sub(i, i) end
  return list
end

local function mask(text) return (text:gsub("sk%-%d+", "[key]")) end

describe("a text that no rule touches", function()
  it("is held back by as much as may be held, as it came", function()
    assert.are.same({ "abcd", "efgh" }, { hold.split("abcdefgh", "abcdefgh", 4) })
    assert.are.same({ "", "abc" }, { hold.split("abc", "abc", 4) })
  end)

  it("goes on at once when nothing may be held", function()
    assert.are.same({ "abc", "" }, { hold.split("abc", "abc", 0) })
    assert.are.same({ "xyz", "" }, { hold.split("abc", "xyz", 0) })
  end)

  it("is never cut inside a character", function()
    for most = 1, 12 do
      local text = "aé€😀b€"
      local released, held = hold.split(text, text, most)
      assert.are.equal(text, released .. held)
      assert.is_true(#held <= most)
      assert.is_nil(held:find "^[\128-\191]")
    end
  end)
end)

describe("a change", function()
  it("that touches the end waits for more, with what was there", function()
    assert.are.same({ "my ", "sk-12" }, { hold.split("my sk-12", "my [key]", 8) })
  end)

  it("that is behind goes on", function()
    assert.are.same({ "my [key]", " and" }, { hold.split("my sk-12 and", "my [key] and", 4) })
  end)

  it("that touches the end and is too long to wait for is taken as it is", function()
    assert.are.same({ "my [key]", "" }, { hold.split("my sk-123456", "my [key]", 8) })
  end)

  it("that only adds goes on whole", function()
    assert.are.same({ "abc!", "" }, { hold.split("abc", "abc!", 8) })
  end)

  it("to nothing waits like any other", function()
    assert.are.same({ "a ", "word" }, { hold.split("a word", "a ", 8) })
  end)

  it("of one character into one with the same last byte keeps both whole", function()
    local released, held = hold.split("x©", "xé", 8)
    assert.are.same({ "x", "©" }, { released, held })
  end)
end)

describe("a masked stream", function()
  for _, text in ipairs {
    "my sk-123456 and é sk-9 end", "sk-1", "sk-12sk-34 sk-", "no key at all", "é€😀 sk-77 😀€é", "sk-1 sk-22 sk-333",
  } do
    it("reads like the whole, however it is cut: " .. text, function()
      each_cut(text, function(pieces) assert.are.equal(mask(text), (run(pieces, 32, mask))) end)
      local out, peak = run(bytes_of(text), 12, mask)
      assert.are.equal(mask(text), out)
      assert.is_true(peak <= 12)
    end)
  end

  it("never shows a word that is taken out, not even in parts", function()
    local function drop(window) return (window:gsub("secret", "")) end
    each_cut("a secret b", function(pieces)
      assert.are.equal("a  b", (run(pieces, 6, drop)))
    end)
  end)
end)
