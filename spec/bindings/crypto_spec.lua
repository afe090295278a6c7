-- SPDX-License-Identifier: Apache-2.0

local clock = require "gateway.clock"
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

  local SIGV4 = json.decode(spec.fixture "bedrock/sigv4-vectors.json")

  local function signed(vector, more)
    local query = {}
    for i, pair in ipairs(vector.query) do query[i] = pair[1] .. "=" .. pair[2] end
    local headers = {}
    for name, value in pairs(vector.headers_signed) do headers[name:lower()] = value end
    local options = {
      access_key = vector.access_key_id, secret_key = vector.secret_access_key, region = vector.region,
      session_token = type(vector.session_token) == "string" and vector.session_token or nil,
      service = vector.service, method = vector.method, host = headers.host, headers = headers, body = vector.body,
      path = vector.path_as_sent .. (query[1] and "?" .. table.concat(query, "&") or ""), time = 1768478400,
    }
    for name, value in pairs(more or {}) do options[name] = value end
    return crypto.sigv4(options)
  end

  for _, vector in ipairs(SIGV4) do
    it("#40 signs a call to AWS from its wire form: " .. vector.name, function()
      local headers = signed(vector)
      assert.equal(vector.authorization, headers.authorization)
      assert.equal(vector.amz_date, headers["x-amz-date"])
      assert.equal(vector.headers_signed["X-Amz-Security-Token"], headers["x-amz-security-token"])
    end)
  end

  it("signs with the time it is, and asks for everything it needs", function()
    local headers = crypto.sigv4 {
      access_key = "a", secret_key = "b", region = "r", service = "s", method = "GET", host = "h", path = "/",
    }
    local today = clock.iso(clock.now()):sub(1, 10):gsub("-", "")
    assert.equal(today, headers["x-amz-date"]:sub(1, 8))
    assert.has_error(function() crypto.sigv4 { access_key = "a" } end)
    assert.has_error(function() signed(SIGV4[1], { headers = { a = 1 } }) end)
    assert.has_error(function() signed(SIGV4[1], { path = "/?" .. ("a&"):rep(65) }) end)
  end)

  it("takes strings only", function()
    assert.has_error(function() crypto.hmac_sha256("k") end)
    assert.has_error(function() crypto.equal("k", nil) end)
    assert.has_error(function() crypto.sha256(7) end)
  end)
end)
