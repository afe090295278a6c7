-- SPDX-License-Identifier: Apache-2.0
local json = require "gateway.json"

describe("texts kept as they stand", function()
  local LONG = { raw = { text = "long" } }

  --- What becomes of `"text": "..."` with this content, as it was written.
  local function kept(content)
    local found = assert(json.decode('{"text":"' .. content .. '","other":"' .. content .. '"}', LONG))
    assert.is_string(found.other)
    return json.is_raw(found.text), json.encode(json.array { found.text })
  end

  it("are the long ones of the named keys, with their escapes", function()
    local content = ("word \\u00e9\\/ "):rep(20)
    local raw, text = kept(content)
    assert.is_true(raw)
    assert.are.equal('["' .. content .. '"]', text)
  end)

  it("are none that are short, blank, or begin with an escape", function()
    for _, content in ipairs {
      "", "word", ("w"):rep(127), (" "):rep(500), "\\n" .. ("w"):rep(200), " \\t" .. ("w"):rep(200),
      (" "):rep(130) .. ("w"):rep(200),
    } do
      assert.is_false((kept(content)))
    end
    assert.is_true((kept(("w"):rep(128))))
    assert.is_true((kept("  " .. ("w"):rep(126))))
  end)

  it("are texts alone: what else stands there is decoded", function()
    for text, expected in pairs {
      ["[1]"] = { 1 }, ['{"a":2}'] = { a = 2 }, ["7"] = 7, ["true"] = true, ["null"] = json.null,
    } do
      local found = json.decode('{"text":' .. text .. ',"b":"' .. ("w"):rep(200) .. '"}', LONG)
      assert.are.same(expected, found.text)
      assert.is_string(found.b)
    end
    local found = json.decode('{"text":["' .. ("w"):rep(200) .. '"]}', LONG)
    assert.is_string(found.text[1])
  end)
end)
