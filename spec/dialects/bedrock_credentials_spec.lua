-- SPDX-License-Identifier: Apache-2.0
--- Who signs calls to Bedrock. End to end: tests/play/bedrock-is-signed-and-read-in-frames.mjs.

local bedrock = require "spec.support.bedrock"
local crypto = require "gateway.crypto"
local json = require "gateway.json"
local spec = require "gateway.spec"

local sign, renew = bedrock.provider.auth.sign, bedrock.provider.auth.renew
local OUTGOING = {
  method = "POST", host = "bedrock-runtime.eu-west-1.amazonaws.com", path = "/model/a%3A0/converse",
  headers = { ["content-type"] = "application/json", ["user-agent"] = "moongate" }, body = "{}",
}
local NOW = 1768478400
local FILE = [[
# a comment = nothing
[default]
aws_access_key_id = AKIDDEFAULT
aws_secret_access_key=s/+=

[ work ]
AWS_ACCESS_KEY_ID=AKIDWORK
aws_secret_access_key = s
aws_session_token = token=
[half]
aws_access_key_id = AKIDHALF
]]
local numbered = 0

--- A container's address that no other test has: keys are kept for all workers.
local function container()
  numbered = numbered + 1
  return "http://127.0.0.1:1/creds" .. numbered
end

local function signed(variables, credential, outgoing)
  return sign(outgoing or OUTGOING, { name = "bedrock", credential = credential, variables = variables })
end

--- Answers with keys that end after `seconds`.
local function lends(access, seconds)
  return { status = 200, headers = {}, body = json.encode {
    AccessKeyId = access, SecretAccessKey = "s", Token = "t", Expiration = seconds and os.date("!%Y-%m-%dT%H:%M:%SZ",
      NOW + seconds) or nil,
  } }
end

local function key_of(headers) return headers.authorization:match "Credential=([^/]*)" end

describe("a signature", function()
  before_each(function() spec.clock(NOW) end)
  after_each(function() spec.clock() spec.upstream(nil) end)

  it("is not made beside a bearer key", function()
    assert.are.same({}, signed({ access_key = "a", secret_key = "b" }, "bearer key"))
  end)

  it("is made with the environment's keys over the call as it goes out", function()
    local headers = signed { access_key = "AKID", secret_key = "secret", session_token = "token", region = "us-east-1" }
    local expected = crypto.sigv4 {
      access_key = "AKID", secret_key = "secret", session_token = "token", region = "eu-west-1", service = "bedrock",
      method = "POST", host = OUTGOING.host, path = OUTGOING.path, headers = OUTGOING.headers, body = "{}", time = NOW,
    }
    assert.are.same(expected, headers)
    assert.equal("token", headers["x-amz-security-token"])
    assert.is_truthy(headers.authorization:find("content-type;host;x-amz-date;x-amz-security-token", 1, true))
  end)

  it("names the host's region, else the target's", function()
    local function region(host, own)
      local outgoing = { method = "POST", host = host, path = "/", headers = {}, body = "" }
      local headers = signed({ access_key = "a", secret_key = "b", region = own }, nil, outgoing)
      return headers.authorization:match "/%d+/([^/]*)/bedrock/"
    end
    assert.equal("us-west-2", region("bedrock-agent-runtime.us-west-2.amazonaws.com", "eu-west-1"))
    assert.equal("us-gov-west-1", region("bedrock-runtime-fips.us-gov-west-1.amazonaws.com", "eu-west-1"))
    assert.equal("cn-north-1", region("bedrock-runtime.cn-north-1.amazonaws.com.cn", "eu-west-1"))
    assert.equal("ap-south-1", region("bedrock-runtime.ap-south-1.api.aws", "eu-west-1"))
    assert.equal("eu-west-1", region("127.0.0.1:8080", "eu-west-1"))
    assert.equal("us-east-1", region "proxy.example")
  end)

  it("is made with keys that the container lends, fetched once", function()
    local variables = { container_url = container(), container_token = "auth" }
    local requests = spec.upstream(function() return lends("AKIDLENT", 3600) end)
    for _ = 1, 3 do assert.equal("AKIDLENT", key_of(signed(variables))) end
    assert.equal(1, #requests)
    assert.are.same({ variables.container_url, "auth" }, { requests[1].url, requests[1].headers.authorization })
  end)

  it("is made with keys that end in a hundred years, as if they ended in a day", function()
    spec.upstream(function() return lends("AKIDLONG", 100 * 365 * 86400) end)
    assert.equal("AKIDLONG", key_of(signed { container_url = container() }))
  end)

  it("is made with new keys once the old ones have ended", function()
    local variables, access = { container_url = container() }, "AKIDOLD"
    spec.upstream(function() return lends(access, 3600) end)
    assert.equal("AKIDOLD", key_of(signed(variables)))
    access = "AKIDNEW"
    spec.clock_advance(3599 * 1000)
    assert.is_string(key_of(signed(variables)))
    spec.clock_advance(2 * 1000)
    assert.equal("AKIDNEW", key_of(signed(variables)))
  end)

  it("is made anew with new keys, once, when AWS takes the old ones no longer", function()
    local variables, access = { container_url = container() }, "AKIDOLD"
    local target = { name = "bedrock", variables = variables }
    local function renewed(kind) return renew(target, { status = 403, headers = { ["x-amzn-errortype"] = kind } }) end
    spec.upstream(function() return lends(access, 3600) end)
    assert.equal("AKIDOLD", key_of(signed(variables)))
    access = "AKIDNEW"
    assert.is_false(renewed "AccessDeniedException")
    assert.is_false(renewed(nil))
    assert.equal("AKIDOLD", key_of(signed(variables)))
    assert.is_true(renewed "com.amazon#ExpiredTokenException:http://x")
    assert.equal("AKIDNEW", key_of(signed(variables)))
    assert.is_true(renewed "UnrecognizedClientException")
    assert.is_false(renewed "UnrecognizedClientException")
  end)

  it("is not made anew where its keys are nobody's to lend", function()
    local refusal = { status = 403, headers = { ["x-amzn-errortype"] = "ExpiredTokenException" } }
    for _, target in ipairs {
      { name = "b", credential = "bearer key", variables = {} },
      { name = "b", variables = { access_key = "a", secret_key = "b" } },
      { name = "b", credential = FILE, variables = {} },
      { name = "b", variables = { metadata_disabled = "true" } },
    } do
      assert.is_false(renew(target, refusal))
    end
  end)

  it("is made with the keys of a profile in the shared file", function()
    assert.equal("AKIDDEFAULT", key_of(signed({}, FILE)))
    local headers = signed({ profile = "work" }, FILE)
    assert.are.same({ "AKIDWORK", "token=" }, { key_of(headers), headers["x-amz-security-token"] })
    local none, failure = signed({ profile = "other" }, FILE)
    assert.is_nil(none)
    assert.is_truthy(failure.message:find('profile "other"', 1, true))
    assert.is_nil((signed({ profile = "half" }, FILE)))
    assert.equal("AKIDENV", key_of(signed({ access_key = "AKIDENV", secret_key = "b" }, FILE)))
  end)

  it("is made with the keys of the task's own service below its path", function()
    local requests = spec.upstream(function() return lends("AKIDTASK", 3600) end)
    assert.equal("AKIDTASK", key_of(signed { container_path = "/v2/credentials/" .. container() }))
    assert.equal("http://169.254.170.2/", requests[1].url:match "^http://[^/]*/")
  end)

  it("is made with the keys of the machine's role", function()
    local host = "http://127.0.0.1:" .. 2000 + numbered
    local requests = spec.upstream(function(request)
      if request.method == "PUT" then return { status = 200, headers = {}, body = "imds-token" } end
      if request.url:find "credentials/$" then return { status = 200, headers = {}, body = "my-role\n" } end
      return lends("AKIDROLE", 3600)
    end)
    assert.equal("AKIDROLE", key_of(signed { metadata_host = host }))
    assert.are.same({
      "PUT " .. host .. "/latest/api/token",
      "GET " .. host .. "/latest/meta-data/iam/security-credentials/",
      "GET " .. host .. "/latest/meta-data/iam/security-credentials/my-role",
    }, { requests[1].method .. " " .. requests[1].url, requests[2].method .. " " .. requests[2].url,
      requests[3].method .. " " .. requests[3].url })
    assert.equal("21600", requests[1].headers["x-aws-ec2-metadata-token-ttl-seconds"])
    assert.equal("imds-token", requests[3].headers["x-aws-ec2-metadata-token"])
  end)

  it("cannot be made without keys: that is a clear failure, and not asked again at once", function()
    local host = "http://127.0.0.1:" .. 3000 + numbered
    local requests = spec.upstream(function() return nil, "nobody is there", "refused" end)
    for _ = 1, 2 do
      local headers, failure = signed { metadata_host = host }
      assert.is_nil(headers)
      assert.are.same({ 401, "invalid_api_key", true }, { failure.status, failure.code, failure.elsewhere })
      assert.is_truthy(failure.message:find "AWS_ACCESS_KEY_ID")
    end
    assert.equal(1, #requests)
    spec.clock_advance(3 * 1000)
    signed { metadata_host = host }
    assert.equal(2, #requests)
  end)

  it("cannot be made while the container's service is away: another try may find it", function()
    for _, answer in ipairs { { status = 500, headers = {}, body = "" }, false } do
      spec.upstream(function()
        if answer then return answer end
        return nil, "nobody is there", "timeout"
      end)
      local headers, failure = signed { container_url = container() }
      assert.is_nil(headers)
      assert.are.same({ 502, "upstream_unreachable" }, { failure.status, failure.code })
    end
  end)

  it("is of AWS's time, once that is known to be another", function()
    local target = { name = "bedrock", variables = { access_key = "a", secret_key = "b" } }
    local function date() return signed(target.variables)["x-amz-date"] end
    local function renewed(kind, at)
      local told = at and os.date("!%a, %d %b %Y %H:%M:%S GMT", at) or nil
      return renew(target, { status = 403, headers = { ["x-amzn-errortype"] = kind, date = told } })
    end
    assert.is_false(renewed("AccessDeniedException", NOW + 600))
    assert.is_false(renewed("InvalidSignatureException", NOW + 60))
    assert.is_false(renewed("InvalidSignatureException", nil))
    assert.equal("20260115T120000Z", date())
    assert.is_true(renewed("InvalidSignatureException", NOW + 600))
    assert.equal("20260115T121000Z", date())
    assert.is_false(renewed("InvalidSignatureException", NOW + 630))
    assert.equal("20260115T121000Z", date())
    assert.is_true(renewed("InvalidSignatureException", NOW))
    assert.equal("20260115T120000Z", date())
  end)

  it("takes no answer that holds no keys", function()
    for _, answer in ipairs {
      { status = 404, headers = {}, body = "{}" }, { status = 200, headers = {}, body = "<html>" },
      { status = 200, headers = {}, body = '{"AccessKeyId":"a"}' }, lends("AKIDPAST", -5),
    } do
      spec.upstream(function() return answer end)
      local headers = signed { container_url = container() }
      assert.is_true(headers == nil or key_of(headers) == "AKIDPAST")
    end
  end)

  it("asks nobody in the clear but those that AWS means, and no machine where that is off", function()
    local requests = spec.upstream(function() return lends("AKID", 3600) end)
    assert.is_nil((signed { container_url = "http://evil.example/creds", metadata_disabled = "true" }))
    assert.is_nil((signed { metadata_disabled = "True" }))
    assert.equal(0, #requests)
    assert.is_table((signed { container_url = "https://creds.example/" .. numbered }))
    assert.is_table((signed { container_url = "http://169.254.170.23/v1/" .. numbered }))
  end)
end)
