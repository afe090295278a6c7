-- SPDX-License-Identifier: Apache-2.0

local base64 = require "gateway.base64"

describe("gateway.base64", function()
  it("goes both ways for every length", function()
    local bytes = ""
    for i = 0, 255 do
      assert.equal(bytes, base64.decode(base64.encode(bytes)))
      bytes = bytes .. string.char(i)
    end
  end)

  it("writes padding and does without", function()
    assert.equal("Zg==", base64.encode "f")
    assert.equal("f", base64.decode "Zg==")
    assert.equal("f", base64.decode "Zg")
  end)

  it("says what is not base64", function()
    for _, text in ipairs { "Z", "Zg=", "Z===", "Zm9v\n", "Zm9-", "é" } do
      local bytes, message = base64.decode(text)
      assert.is_nil(bytes)
      assert.equal("not base64", message)
    end
  end)

  it("takes strings only", function()
    assert.has_error(function() base64.decode(7) end)
    assert.has_error(function() base64.encode {} end)
  end)
end)
