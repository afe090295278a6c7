-- SPDX-License-Identifier: Apache-2.0

local crypto = require "gateway.crypto"

describe("gateway.crypto", function()
  it("digests with SHA-256 in lower-case hexadecimal", function()
    assert.equal("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", crypto.sha256 "")
    assert.equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", crypto.sha256 "abc")
  end)

  it("digests every byte, NUL too", function()
    assert.not_equal(crypto.sha256 "a", crypto.sha256 "a\0")
  end)

  it("takes strings only", function()
    assert.has_error(function() crypto.sha256(7) end)
  end)
end)
