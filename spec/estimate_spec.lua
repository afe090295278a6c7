-- SPDX-License-Identifier: Apache-2.0
--- lua/estimate.lua: usage that a provider did not report.

local spec = require "gateway.spec"

local estimate = spec.module "estimate"

local call = { estimate = function(_, reply) return 10, reply and 7 or 5 end }

describe("an estimate", function()
  it("of plain text is a token for four bytes", function()
    assert.are.equal(0, estimate.tokens "")
    assert.are.equal(1, estimate.tokens "a")
    assert.are.equal(3, estimate.tokens "Hello World!")
  end)

  it("of Chinese, Japanese and Korean is a token for a letter", function()
    assert.are.equal(4, estimate.tokens "你好世界")
    assert.are.equal(5, estimate.tokens "こんにちは")
    assert.are.equal(5, estimate.tokens "안녕하세요")
    assert.are.equal(5, estimate.tokens "你好 abc世界")
  end)

  it("of other alphabets is half a token for a letter", function()
    assert.are.equal(3, estimate.tokens "привет")
    assert.are.equal(3, estimate.tokens "γειά σ")
  end)

  it("of what is beyond is two", function()
    assert.are.equal(4, estimate.tokens "😀😀")
  end)

  it("takes any bytes", function()
    assert.are.equal(1, estimate.tokens "\255\254\228")
    assert.are.equal(2, estimate.tokens "\228\189\255abc")
  end)
end)

describe("usage that a provider did not report", function()
  it("is filled in and marked", function()
    assert.are.same({ prompt_tokens = 10, completion_tokens = 5, total_tokens = 15, estimated = true },
      estimate.completed(nil, call))
    assert.are.equal(7, estimate.completed(nil, call, {}).completion_tokens)
  end)

  it("keeps what was reported", function()
    local filled = { prompt_tokens = 7, completion_tokens = 5, total_tokens = 12, cached_tokens = 2, estimated = true }
    assert.are.same(filled, estimate.completed({ prompt_tokens = 7, cached_tokens = 2 }, call))
  end)

  it("is left alone when it is whole", function()
    local usage = { prompt_tokens = 1, completion_tokens = 2 }
    assert.are.equal(usage, estimate.completed(usage, nil))
    assert.is_nil(usage.estimated)
  end)
end)
