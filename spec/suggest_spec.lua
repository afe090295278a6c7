-- SPDX-License-Identifier: Apache-2.0
local suggest = require("gateway.spec").module "suggest"

describe("did you mean", function()
  it("counts edits, two swapped neighbours as one", function()
    assert.are.equal(0, suggest.distance("model", "model"))
    assert.are.equal(1, suggest.distance("modle", "model"))
    assert.are.equal(1, suggest.distance("wran", "warn"))
    assert.are.equal(1, suggest.distance("plugin", "plugins"))
    assert.are.equal(3, suggest.distance("", "abc"))
    assert.are.equal(3, suggest.distance("kitten", "sitting"))
  end)

  it("names what is at most two edits away, the nearest first", function()
    assert.are.equal("attempts", suggest.nearest("atempt", { "attempt_limit", "attempts" }))
    assert.are.equal("model", suggest.nearest("modle", { "models", "model" }))
    assert.is_nil(suggest.nearest("temperature", { "model", "attempts" }))
  end)

  it("allows short words one edit only", function()
    assert.are.equal("port", suggest.nearest("prt", { "port" }))
    assert.is_nil(suggest.nearest("foo", { "log" }))
  end)

  it("sees through case, hyphens and underscores", function()
    for _, word in ipairs { "masterkey", "master-key", "MASTER_KEY", "masterKey", "Master_Key" } do
      assert.are.equal("master_key", suggest.nearest(word, { "level", "master_key" }))
    end
  end)

  it("does not spend time on a word no key could be", function()
    assert.is_nil(suggest.nearest(("x"):rep(65), { ("x"):rep(64) }))
  end)

  it("is a phrase or nothing", function()
    assert.are.equal('; did you mean "fallback"?', suggest.phrase("falback", { "fallback", "single" }))
    assert.are.equal("", suggest.phrase("roundrobin", { "fallback", "single" }))
  end)
end)
