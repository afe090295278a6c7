-- SPDX-License-Identifier: Apache-2.0

local spec = require "gateway.spec"

local dialect = spec.script("providers/dialects", "openai_chat")

--- The call box: the client's members as JSON text.
local function body(members)
  return { raw = function(_, name) return members[name] end }
end

local function provider(name)
  return spec.script("providers", name)
end

describe("edits", function()
  it("are none for a body that the provider takes as it is", function()
    assert.same({}, dialect.edits(body { max_tokens = "5" }, provider "openai", "gpt-4o"))
  end)

  it("rename max_tokens for the models that refuse it, and for them only", function()
    local expected = { { verb = "rename", name = "max_tokens", value = "max_completion_tokens" } }
    for _, model in ipairs { "o3-mini", "gpt-5", "gpt-5.1" } do
      assert.same(expected, dialect.edits(body { max_tokens = "5" }, provider "openai", model))
    end
    for _, model in ipairs { "gpt-4o", "gpt-5-chat-latest" } do
      assert.same({}, dialect.edits(body { max_tokens = "5" }, provider "openai", model))
    end
  end)

  it("remove the old name when the client wrote both", function()
    local members = { max_tokens = "5", max_completion_tokens = "6" }
    assert.same({ { verb = "remove", name = "max_tokens" } }, dialect.edits(body(members), provider "openai", "o3"))
  end)

  it("give a provider the name it knows", function()
    assert.same({ { verb = "rename", name = "max_completion_tokens", value = "max_tokens" } },
      dialect.edits(body { max_completion_tokens = "5" }, provider "together", "x"))
    assert.same({ { verb = "rename", name = "seed", value = "random_seed" } },
      dialect.edits(body { seed = "5" }, provider "mistral", "mistral-large"))
    assert.same({ { verb = "rename", name = "user", value = "user_id" } },
      dialect.edits(body { user = '"u"' }, provider "deepseek", "deepseek-chat"))
  end)

  it("are none for a provider without differences", function()
    assert.same({}, dialect.edits(body { max_tokens = "5" }, { name = "plain" }, "x"))
  end)
end)

describe("what a provider refuses", function()
  it("is what its data says", function()
    assert.is_true(dialect.refuses("logit_bias", provider "groq", "llama"))
    assert.is_false(dialect.refuses("temperature", provider "groq", "llama"))
  end)

  it("may concern some models", function()
    assert.is_true(dialect.refuses("temperature", provider "openai", "o3"))
    assert.is_false(dialect.refuses("temperature", provider "openai", "gpt-4o"))
    assert.is_false(dialect.refuses("temperature", provider "openai", "gpt-5-chat"))
  end)

  it("is every extension of OpenAI's that it does not name", function()
    assert.is_true(dialect.refuses("store", provider "together", "x"))
    assert.is_false(dialect.refuses("reasoning_effort", provider "together", "x"))
    assert.is_false(dialect.refuses("store", provider "openai", "gpt-4o"))
  end)
end)

describe("the error bodies of vendors", function()
  local function expect(text, message, code, kind)
    local failure = dialect.failure(400, {}, text)
    assert.equal(message, failure.message)
    assert.equal(code, failure.code)
    assert.equal(kind or "invalid_request_error", failure.type)
  end

  local cases = {
    { "openai", '{"error":{"message":"bad n","type":"invalid_request_error","param":"n","code":"invalid_value"}}',
      "bad n", "invalid_value" },
    { "openai_numeric_code", '{"error":{"message":"bad","type":"bad_request","code":1234}}', "bad", "1234",
      "bad_request" },
    { "openrouter", '{"error":{"code":400,"message":"bad","metadata":{"provider_name":"P"}},"user_id":"u"}', "bad",
      "invalid_request" },
    { "openai_or_error_string", '{"error":"text"}', "text", "invalid_request" },
    { "openai_or_detail", '{"status":400,"title":"Bad Request","detail":"text"}', "text", "invalid_request" },
    { "azure", '{"error":{"code":"content_filter","message":"filtered","param":"prompt","status":400,'
      .. '"innererror":{"code":"ResponsibleAIPolicyViolation"}}}', "filtered", "content_filter" },
    { "azure front door", '{"statusCode":400,"message":"text"}', "text", "invalid_request" },
    { "mistral", '{"object":"error","message":"text","type":"invalid_function_call","param":null,"code":"3280"}',
      "text", "3280", "invalid_function_call" },
    { "mistral with details", '{"object":"error","message":{"detail":[{"loc":["body"],"msg":"one"},{"msg":"two"}]},'
      .. '"type":"invalid_request_error","code":null}', "one; two", "invalid_request" },
    { "xai", '{"code":"Client specified an invalid argument","error":"text"}', "text",
      "Client specified an invalid argument" },
    { "flat_message", '{"message":"text","type":"t","param":"p","code":"c"}', "text", "c", "t" },
    { "detail as text", '{"detail":"text"}', "text", "invalid_request" },
    { "detail as list", '{"detail":[{"loc":["body","n"],"msg":"one","type":"x"},{"msg":"two"}]}', "one; two",
      "invalid_request" },
    { "detail as object", '{"detail":{"error":"text"}}', "text", "invalid_request" },
    { "novita", '{"code":7,"reason":"INVALID","message":"text","metadata":{}}', "text", "7" },
    { "databricks", '{"error_code":"INVALID_PARAMETER_VALUE","message":"text"}', "text", "INVALID_PARAMETER_VALUE" },
    { "cloudflare", '{"success":false,"errors":[{"code":5007,"message":"text"}],"messages":[],"result":null}', "text",
      "5007" },
    { "ollama", '{"error":"model not found"}', "model not found", "invalid_request" },
    { "vllm", '{"object":"error","message":"text","type":"BadRequestError","param":null,"code":400}', "text",
      "invalid_request", "BadRequestError" },
    { "llama_cpp", '{"error":{"code":400,"message":"text","type":"invalid_request_error"}}', "text",
      "invalid_request" },
    { "zai", '{"error":{"code":"1214","message":"text"}}', "text", "1214" },
    { "siliconflow", '{"code":20015,"message":"text","data":null}', "text", "20015" },
    { "siliconflow as words", "text", "text", "invalid_request" },
    { "openai_plus_base_resp", '{"base_resp":{"status_code":2013,"status_msg":"text"}}', "text", "2013" },
    { "writer", '{"tpe":"x","errors":[{"description":"text","key":"k","extras":{}}],"extras":{}}', "text", "k" },
    { "snowflake", '{"message":"text","code":"390400","request_id":"r"}', "text", "390400" },
    { "a list around it", '[{"error":{"message":"text","code":1}}]', "text", "1" },
  }
  for _, case in ipairs(cases) do
    it("of the shape " .. case[1] .. " are read", function()
      expect(case[2], case[3], case[4], case[5])
    end)
  end

  it("74: of HTML, nothing, cut JSON and odd JSON give a plain message", function()
    local message = "the upstream provider refused the request"
    local odd = { "<html>Bad</html>", "", "  \n", "{}", "[]", "[1]", '{"error":null}', '{"error":{}}' }
    for _, text in ipairs(odd) do
      assert.equal(message, dialect.failure(400, {}, text).message)
    end
    assert.equal('{"error":{"mess', dialect.failure(400, {}, '{"error":{"mess').message)
    assert.equal(message, dialect.failure(400, {}, nil).message)
  end)

  it("are a server's own business when it breaks and speaks no JSON", function()
    assert.equal("the upstream provider returned no usable response",
      dialect.failure(500, {}, "Traceback (most recent call last): /srv/app.py").message)
    assert.equal("boom", dialect.failure(500, {}, '{"error":{"message":"boom"}}').message)
  end)

  it("lose keys and addresses of people", function()
    local words = "no such key sk-proj-abcdefghijklmnopqrst of ann@example.com"
    local kept = "no such key [REDACTED_OPENAI_KEY] of [REDACTED_EMAIL]"
    assert.equal(kept, dialect.failure(400, {}, '{"error":{"message":"' .. words .. '"}}').message)
    assert.equal(kept, dialect.failure(400, {}, words).message)
  end)

  it("keep at most 2048 characters of the message, and never half a character", function()
    local failure = dialect.failure(400, {}, '{"error":{"message":"' .. ("é"):rep(2049) .. '"}}')
    assert.equal(("é"):rep(2048), failure.message)
  end)

  it("keep at most 1024 characters of plain words", function()
    assert.equal(("x"):rep(1024), dialect.failure(400, {}, ("x"):rep(5000)).message)
  end)
end)

describe("a status of the upstream", function()
  local own = '{"error":{"message":"own words","type":"own_type","param":"p","code":"own_code"}}'

  local function expect(status, expected, text)
    local failure = dialect.failure(status, {}, text or own)
    for name, value in pairs(expected) do
      assert.equal(value, failure[name], ("%d: %s"):format(status, name))
    end
    return failure
  end

  it("400 and 422 stay, with everything the provider said", function()
    for _, status in ipairs { 400, 422 } do
      expect(status, { status = status, type = "own_type", code = "own_code", message = "own words", param = "p" })
      expect(status, { status = status, type = "invalid_request_error", code = "invalid_request" }, "{}")
    end
  end)

  it("401 and 403 are the gateway's own trouble and show nothing", function()
    for _, status in ipairs { 401, 403 } do
      local failure = expect(status, {
        status = 502, type = "upstream_error", code = "upstream_auth_error",
        message = "the gateway could not authenticate with the upstream provider",
      })
      assert.is_nil(failure.param)
    end
  end)

  it("402 means that the account is spent", function()
    expect(402, { status = 429, type = "insufficient_quota", code = "insufficient_quota", message = "own words" })
  end)

  it("404 stays", function()
    expect(404, { status = 404, code = "own_code", message = "own words" })
    expect(404, { status = 404, type = "invalid_request_error", code = "model_not_found" }, "")
  end)

  it("408 and 504 are time-outs", function()
    for _, status in ipairs { 408, 504 } do
      expect(status, { status = 504, type = "upstream_error", code = "upstream_timeout" })
    end
  end)

  it("429 stays, with the provider's type and code", function()
    expect(429, { status = 429, type = "own_type", code = "own_code", message = "own words" })
    expect(429, {
      status = 429, type = "rate_limit_error", code = "rate_limit_exceeded", message = "rate limit exceeded",
    }, "")
  end)

  it("429 for an empty account is no reason to ask the same target again", function()
    local text = '{"error":{"message":"m","type":"insufficient_quota","code":"insufficient_quota"}}'
    assert.is_true(dialect.failure(429, {}, text).elsewhere)
    assert.is_nil(dialect.failure(429, {}, own).elsewhere)
  end)

  it("5xx and everything unknown is a fault of the upstream", function()
    for _, status in ipairs { 302, 409, 418, 500, 502, 503, 529 } do
      expect(status, { status = 502, type = "own_type", code = "own_code", message = "own words" })
      expect(status, { status = 502, type = "upstream_error", code = "upstream_error" }, "<html>")
    end
  end)

  it("of a prompt that is too long says so, and another target may be larger", function()
    local text = '{"error":{"message":"This model\'s maximum context length is 8192 tokens."}}'
    local failure = expect(400, { status = 400, code = "context_length_exceeded" }, text)
    assert.is_nil(failure.final)
    assert.is_true(dialect.failure(400, {}, own).final)
  end)
end)

describe("retry-after", function()
  local function after(headers, now)
    return dialect.failure(429, headers, "", now).retry_after
  end

  it("is taken in seconds, rounded up", function()
    assert.equal(12, after { ["retry-after"] = "12" })
    assert.equal(2, after { ["retry-after"] = "1.2" })
    assert.equal(0, after { ["retry-after"] = "0" })
    assert.equal(100000, after { ["retry-after"] = "100000" })
  end)

  it("is taken in milliseconds first", function()
    assert.equal(2, after { ["retry-after"] = "9", ["retry-after-ms"] = "1500" })
  end)

  it("is taken as a date, against the provider's own clock or ours", function()
    local date = "Sun, 06 Nov 1994 08:49:37 GMT"
    assert.equal(37, after { ["retry-after"] = date, date = "Sun, 06 Nov 1994 08:49:00 GMT" })
    assert.equal(37, after({ ["retry-after"] = date }, 784111740))
    assert.equal(0, after({ ["retry-after"] = date }, 784111778))
    assert.is_nil(after { ["retry-after"] = date })
  end)

  it("knows leap years", function()
    local function between(from, to) return after { ["retry-after"] = to, date = from } end
    assert.equal(86400, between("Wed, 28 Feb 2029 00:00:00 GMT", "Thu, 01 Mar 2029 00:00:00 GMT"))
    assert.equal(172800, between("Mon, 28 Feb 2028 00:00:00 GMT", "Wed, 01 Mar 2028 00:00:00 GMT"))
  end)

  it("falls back to a reset of at most a day", function()
    assert.equal(30, after { ["x-ratelimit-reset"] = "30" })
    assert.is_nil(after { ["x-ratelimit-reset"] = "1767225600" })
    assert.is_nil(after { ["x-ratelimit-reset"] = "6m0s" })
  end)

  it("is nothing when it cannot be read", function()
    for _, text in ipairs { "soon", "-1", "", "1e9" } do
      assert.is_nil(after { ["retry-after"] = text })
    end
  end)
end)

describe("the first event of a stream", function()
  it("that is a chunk is no failure", function()
    assert.is_nil(dialect.first_failure("", '{"choices":[{"delta":{"content":"an \\"error\\""}}]}'))
    assert.is_nil(dialect.first_failure("", "[DONE]"))
    assert.is_nil(dialect.first_failure("", '{"id":"x","choices":[],"error":null}'))
  end)

  it("that is an error is a failure with the status it names", function()
    local failure = dialect.first_failure("", '{"error":{"message":"busy","type":"t","code":429}}')
    assert.equal(429, failure.status)
    assert.equal("busy", failure.message)
    assert.equal(502, dialect.first_failure("", '{"error":{"message":"m"}}').status)
    assert.equal(502, dialect.first_failure("error", "no JSON").status)
  end)
end)
