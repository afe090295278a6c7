-- SPDX-License-Identifier: Apache-2.0
--- Access tokens for Vertex AI: who is asked, what is kept, and what becomes of failures.

local json = require "gateway.json"
local spec = require "gateway.spec"

local provider = spec.script("providers", "vertex-ai")
local vector = json.decode(spec.fixture "vertex/jwt.json")

local body = vector.private_key_pkcs8_der_base64:gsub(("."):rep(64), "%0\n")
local PEM = "-----BEGIN PRIVATE KEY-----\n" .. body .. "\n-----END PRIVATE KEY-----\n"
local OUTGOING = { method = "POST", host = "h", path = "/", headers = {}, body = "" }

local REFUSED = { status = 401, headers = {} }

local count = 0

--- A credential file that no other test has used.
local function file(more)
  count = count + 1
  local account = {
    type = "service_account", project_id = "my-proj", private_key_id = "test-key-1", private_key = PEM,
    client_email = "gw@my-proj.iam.gserviceaccount.com", token_uri = "https://oauth2.googleapis.com/token", n = count,
  }
  for name, value in pairs(more or {}) do account[name] = value or nil end
  return json.encode(account)
end

local function target(credential, variables)
  return { name = "vertex-ai", credential = credential, variables = variables or {} }
end

--- Answers further questions with these, the last one again and again.
local function answers(...)
  local list, at = { ... }, 0
  return spec.upstream(function()
    at = math.min(at + 1, #list)
    local answer = list[at]
    if type(answer) == "string" then return nil, "no", answer end
    return { status = answer[1], headers = {}, body = json.encode(answer[2]) }
  end)
end

local function token(text, holds) return { 200, { access_token = text, expires_in = holds or 3599 } } end

local function bearer(credential, variables)
  local headers, failure = provider.auth.sign(OUTGOING, target(credential, variables))
  return headers and headers.authorization, failure
end

describe("auth of Vertex", function()
  before_each(function() spec.clock(1768478400) end)
  after_each(function() spec.clock() end)

  it("is the key where there is one", function()
    local headers = provider.auth.sign(OUTGOING, target "AIza-key")
    assert.same({ ["x-goog-api-key"] = "AIza-key" }, headers)
  end)

  it("asks with the known token of a service account", function()
    local asked = answers(token "ya29.test")
    assert.equal("Bearer ya29.test", bearer(file()))
    local expected = vector.token_request
    assert.equal(expected.url, asked[1].url)
    assert.equal("POST", asked[1].method)
    assert.equal(expected.headers["content-type"], asked[1].headers["content-type"])
    assert.equal(expected.body, asked[1].body)
  end)

  it("asks once while the token holds, and ahead of its end without anybody's waiting", function()
    local asked = answers(token "one", token "two")
    local credential = file()
    assert.equal("Bearer one", bearer(credential))
    spec.clock_advance(3298 * 1000)
    assert.equal("Bearer one", bearer(credential))
    assert.equal(0, spec.background())
    assert.equal(1, #asked)
    spec.clock_advance(2 * 1000)
    assert.equal("Bearer one", bearer(credential))
    assert.equal("Bearer one", bearer(credential))
    assert.equal(1, spec.background())
    assert.equal(2, #asked)
    assert.equal("Bearer two", bearer(credential))
  end)

  it("goes on with the token while its endpoint is dead, and tries again after a while", function()
    local asked = answers(token "one", "refused", { 503, {} }, token "two")
    local credential = file()
    bearer(credential)
    spec.clock_advance(3310 * 1000)
    for _ = 1, 5 do assert.equal("Bearer one", bearer(credential)) end
    assert.equal(1, spec.background())
    assert.equal(2, #asked)
    assert.equal("Bearer one", bearer(credential))
    assert.equal(0, spec.background())
    spec.clock_advance(31 * 1000)
    assert.equal("Bearer one", bearer(credential))
    spec.background()
    spec.clock_advance(31 * 1000)
    assert.equal("Bearer one", bearer(credential))
    spec.background()
    assert.equal("Bearer two", bearer(credential))
  end)

  it("asks anew when the token has ended", function()
    answers(token "one", token "two")
    local credential = file()
    bearer(credential)
    spec.clock_advance(3600 * 1000)
    assert.equal("Bearer two", bearer(credential))
  end)

  it("asks anew, once, when Vertex refuses the token", function()
    local asked = answers(token "one", token "two")
    local credential = file()
    bearer(credential)
    assert.is_true(provider.auth.renew(target(credential), REFUSED))
    assert.is_false(provider.auth.renew(target(credential), REFUSED))
    assert.equal("Bearer two", bearer(credential))
    assert.equal(2, #asked)
    assert.is_false(provider.auth.renew(target "AIza-key", REFUSED))
    assert.is_false(provider.auth.renew(target(credential), { status = 403, headers = {} }))
  end)

  it("tells Google's refusal, and does not ask again at once", function()
    local asked = answers { 400, { error = "invalid_grant", error_description = "Invalid JWT Signature." } }
    local credential = file()
    for _ = 1, 3 do
      local none, failure = bearer(credential)
      assert.is_nil(none)
      assert.equal(401, failure.status)
      assert.is_true(failure.elsewhere)
      assert.truthy(failure.message:find("invalid_grant: Invalid JWT Signature.", 1, true))
    end
    assert.equal(1, #asked)
    spec.clock_advance(3000)
    bearer(credential)
    assert.equal(2, #asked)
  end)

  it("tells an endpoint that cannot be reached", function()
    for code, status in pairs { refused = 502, dns = 502, timeout = 504, not_allowed = 502 } do
      answers(code)
      local none, failure = bearer(file())
      assert.is_nil(none)
      assert.equal(status, failure.status)
      assert.truthy(failure.message:find(code, 1, true))
    end
    answers { 500, {} }
    local _, failure = bearer(file())
    assert.equal(502, failure.status)
  end)

  it("tells a credential that is none, without a word of its key", function()
    answers(token "never")
    local cases = {
      ["{oops"] = "not JSON", [file { type = "external_account" }] = "external_account",
      [file { private_key = false }] = "private_key", [file { private_key = "SECRET" }] = "PEM",
      [file { client_email = false }] = "client_email",
    }
    for credential, words in pairs(cases) do
      local none, failure = bearer(credential)
      assert.is_nil(none)
      assert.equal(401, failure.status)
      assert.truthy(failure.message:find(words, 1, true))
      assert.is_nil(failure.message:find("SECRET", 1, true))
    end
  end)

  it("takes no token with line breaks for one", function()
    answers(token "a\r\nx: y")
    local none, failure = bearer(file())
    assert.is_nil(none)
    assert.equal(502, failure.status)
  end)

  it("asks with a user's refresh token", function()
    local asked = answers(token "user")
    local credential = file { type = "authorized_user", client_id = "i", client_secret = "s&", refresh_token = "r" }
    assert.equal("Bearer user", bearer(credential))
    assert.equal("grant_type=refresh_token&client_id=i&client_secret=s%26&refresh_token=r", asked[1].body)
  end)

  it("asks the machine where there is no credential", function()
    local asked = answers(token "machine")
    assert.equal("Bearer machine", bearer(nil))
    assert.equal("http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token",
      asked[1].url)
    assert.equal("Google", asked[1].headers["metadata-flavor"])
    answers(token "other")
    assert.equal("Bearer other", bearer(nil, { metadata_host = "127.0.0.1:9" }))
  end)

  it("says what could be set where nobody answers", function()
    answers "dns"
    local none, failure = bearer(nil, { metadata_host = "127.0.0.1:8" })
    assert.is_nil(none)
    assert.truthy(failure.message:find("GOOGLE_APPLICATION_CREDENTIALS", 1, true))
  end)
end)
