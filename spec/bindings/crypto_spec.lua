-- SPDX-License-Identifier: Apache-2.0

local crypto = require "gateway.crypto"
local json = require "gateway.json"
local spec = require "gateway.spec"

describe("gateway.crypto", function()
  it("digests with SHA-256 in lower-case hexadecimal", function()
    assert.equal("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", crypto.sha256 "")
    assert.equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", crypto.sha256 "abc")
  end)

  it("digests every byte, NUL too", function()
    assert.not_equal(crypto.sha256 "a", crypto.sha256 "a\0")
  end)

  it("signs with HMAC-SHA-256, as RFC 4231 has it", function()
    assert.equal("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
      crypto.hmac_sha256("Jefe", "what do ya want for nothing?"))
    assert.equal("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
      crypto.hmac_sha256(("\170"):rep(131), "Test Using Larger Than Block-Size Key - Hash Key First"))
    assert.not_equal(crypto.hmac_sha256("", "a"), crypto.hmac_sha256("k", "a"))
  end)

  it("compares secrets, and an empty one equals nothing", function()
    assert.is_true(crypto.equal("secret", "secret"))
    assert.is_false(crypto.equal("secret", "secreT"))
    assert.is_false(crypto.equal("secret", "secre"))
    assert.is_false(crypto.equal("", ""))
  end)

  it("signs a token that names its algorithm, and says what is wrong with a key", function()
    local given = json.decode(spec.fixture "vertex/jwt.json")
    local body = given.private_key_pkcs8_der_base64:gsub(("."):rep(64), "%0\n")
    local pem = "-----BEGIN PRIVATE KEY-----\n" .. body .. "\n-----END PRIVATE KEY-----\n"
    assert.equal(given.jwt, crypto.jwt_sign {
      algorithm = "RS256", key = pem, header = given.header_json, claims = given.claims_json,
    })
    local token = crypto.jwt_sign { algorithm = "RS256", key = pem, claims = "{}" }
    assert.equal("eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.e30", token:match "^(.*)%.")
    local none, message = crypto.jwt_sign { algorithm = "RS256", key = "SECRET", claims = "{}" }
    assert.is_nil(none)
    assert.equal("the private key is not an unencrypted private key in PEM", message)
    assert.has_error(function() crypto.jwt_sign { algorithm = "none", key = pem, claims = "{}" } end)
  end)

  it("takes strings only", function()
    assert.has_error(function() crypto.hmac_sha256("k") end)
    assert.has_error(function() crypto.equal("k", nil) end)
    assert.has_error(function() crypto.sha256(7) end)
  end)
end)
