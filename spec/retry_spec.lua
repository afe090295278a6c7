-- SPDX-License-Identifier: Apache-2.0

local spec = require "gateway.spec"

local errors, retry = spec.module "errors", spec.module "retry"
local dialect = spec.script("providers/dialects", "openai_chat")
local neutral = spec.module "providers.dialects.neutral.failure"

--- What a dialect makes of an answer with this status, as the walk gets it.
local function answered(status, more)
  local failure = dialect.failure(status, {}, "", 0)
  failure.upstream_status = status
  for name, value in pairs(more or {}) do failure[name] = value end
  return failure
end

local function lost(code, more)
  local problem = { status = code == "upstream_timeout" and 504 or 502, code = code, message = "words of the log" }
  for name, value in pairs(more or {}) do problem[name] = value end
  return errors.transport(problem)
end

local function each(cases, check)
  for name, case in pairs(cases) do check(case, name) end
end

describe("the verdict on a target", function()
  local function is(expected, failure, name) assert.equal(expected, retry.verdict(failure), name) end

  it("is a failure for what is its fault", function()
    for _, status in ipairs { 500, 502, 503, 504, 301, 302, 304 } do is("failure", answered(status), status) end
    for _, code in ipairs { "upstream_dns", "upstream_dns_timeout", "upstream_refused", "upstream_unreachable",
      "upstream_connect_timeout", "upstream_tls", "upstream_reset", "upstream_timeout", "upstream_bad_response",
      "upstream_bad_framing", "upstream_headers_too_large", "upstream_too_large", "upstream_truncated",
      "upstream_not_json", "upstream_stream_corrupt" } do
      is("failure", lost(code), code)
    end
    each({
      broken = errors.broken_stream("upstream_reset", ""), late = errors.broken_stream("upstream_timeout", ""),
      large = errors.broken_stream("stream_too_long", ""), odd = errors.unreadable_stream, cut = errors.truncated,
      told = errors.stream_error, whole = errors.not_stream, bad = errors.bad_answer, none = neutral.answer "odd",
      short = neutral.truncated(),
    }, function(failure, name) is("failure", failure, name) end)
  end)

  it("is throttled for what asks us to come later", function()
    is("throttled", answered(429))
    is("throttled", answered(529))
    is("throttled", answered(402), "a spent account")
    is("throttled", dialect.first_failure("error", '{"error":{"code":429,"message":"slow down"}}'), "in a stream")
  end)

  it("is neither for the fault of the request, of a plugin or of the gateway", function()
    for _, status in ipairs { 400, 401, 403, 404, 405, 408, 409, 410, 413, 415, 422 } do
      is("neither", answered(status), status)
    end
    each({
      plugin = errors.plugin, endpoint = errors.unsupported_endpoint("a", "chat", true), large = errors.too_large,
      unsigned = errors.unsigned, invalid = errors.invalid "no", blocked = lost "upstream_blocked",
      origin = lost "upstream_bad_origin", request = lost "upstream_bad_request", gone = errors.cut "gateway_timeout",
      context = dialect.first_failure("error", '{"error":{"code":400,"message":"no"}}'),
      refused = { status = 502, plugin = "guard", code = "response_rejected" },
    }, function(failure, name) is("neither", failure, name) end)
  end)

  it("goes by what the upstream said, not by what the client reads", function()
    is("neither", answered(401, { status = 502 }))
    is("failure", answered(500, { status = 502 }))
  end)
end)

describe("another try at the same target", function()
  local policy = { attempts = 3, initial_backoff_ms = 100 }
  local function is(expected, failure, name, number, other)
    assert.equal(expected, retry.worthwhile(other or policy, number or 1, failure), name)
  end

  it("follows 408, 429 and 5xx", function()
    for _, status in ipairs { 408, 429, 500, 502, 503, 504, 529 } do is(true, answered(status), status) end
    for _, status in ipairs { 301, 400, 401, 403, 404, 409, 413, 422 } do is(false, answered(status), status) end
  end)

  it("follows the statuses that are named in their place", function()
    local named = { attempts = 3, initial_backoff_ms = 1, on_status_codes = { [404] = true, [500] = true } }
    is(true, answered(404), "404", 1, named)
    is(true, answered(500), "500", 1, named)
    is(false, answered(503), "503", 1, named)
    is(true, lost("upstream_refused", { untouched = true }), "nobody there", 1, named)
  end)

  it("follows an error inside a stream that has begun well", function()
    is(true, dialect.first_failure("error", '{"error":{"message":"overloaded"}}'))
    is(true, errors.stream_error)
  end)

  it("follows what the upstream has not seen", function()
    for _, code in ipairs { "upstream_dns", "upstream_refused", "upstream_connect_timeout", "upstream_reset" } do
      is(true, lost(code, { untouched = true }), code)
    end
  end)

  it("does not follow what may have been carried out", function()
    each({
      reset = lost "upstream_reset", late = lost "upstream_timeout", cut = lost "upstream_truncated",
      odd = lost "upstream_bad_framing", page = lost "upstream_not_json", bad = errors.bad_answer,
      whole = errors.not_stream, short = errors.truncated, none = neutral.answer "odd", end_ = neutral.truncated(),
      event = errors.unreadable_stream, broken = errors.broken_stream("upstream_reset", ""),
    }, function(failure, name) is(false, failure, name) end)
  end)

  it("follows it all the same where the operator wants that", function()
    local brave = { attempts = 3, initial_backoff_ms = 1, retry_ambiguous = true }
    for _, code in ipairs { "upstream_reset", "upstream_timeout" } do is(true, lost(code), code, 1, brave) end
    is(true, errors.bad_answer, "no answer", 1, brave)
  end)

  it("follows once what was lost while it went out", function()
    is(true, lost("upstream_reset", { unsent = true }), "first", 1)
    is(false, lost("upstream_reset", { unsent = true }), "second", 2)
  end)

  it("does not follow what another target alone may do, or none", function()
    each({
      plugin = errors.plugin, endpoint = errors.unsupported_endpoint("a", "chat", true), large = errors.too_large,
      blocked = lost("upstream_blocked", { untouched = true }), origin = lost "upstream_bad_origin",
      spent = answered(402),
    }, function(failure, name) is(false, failure, name) end)
  end)

  it("is as the upstream says", function()
    is(false, answered(500, { should_retry = false }))
    is(false, answered(429, { should_retry = false }))
    is(true, answered(409, { should_retry = true }))
    is(false, answered(400, { should_retry = true }), "what is wrong stays wrong")
  end)
end)

describe("the pause before it", function()
  local policy = { attempts = 9, initial_backoff_ms = 100 }
  local nothing = { status = 502 }

  before_each(function() spec.seed(7) end)

  it("is drawn from a span that doubles, up to five seconds", function()
    for number, most in pairs { 100, 200, 400, 800, 1600, 3200, 5000, 5000 } do
      local longest = 0
      for _ = 1, 200 do
        local pause = retry.pause(policy, number, nothing)
        assert.is_true(pause >= 0 and pause < most, number)
        longest = math.max(longest, pause)
      end
      assert.is_true(longest > most * 0.9, number)
    end
  end)

  it("is what the upstream asks for", function()
    assert.equal(7000, retry.pause(policy, 1, { retry_after = 7 }))
    assert.equal(0, retry.pause(policy, 1, { retry_after = 0 }))
    assert.equal(250, retry.pause(policy, 1, { retry_after = 1, retry_after_ms = 250 }))
    assert.equal(30000, retry.pause(policy, 1, { retry_after = 30 }))
  end)

  it("is none when that is too long", function()
    assert.is_nil(retry.pause(policy, 1, { retry_after = 31 }))
    assert.is_nil(retry.pause(policy, 1, { retry_after_ms = 30001 }))
  end)
end)
