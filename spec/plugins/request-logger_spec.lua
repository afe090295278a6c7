-- SPDX-License-Identifier: Apache-2.0

local spec = require "gateway.spec"

describe("request-logger", function()
  local function messages()
    return { { role = "system", content = "canary" }, { role = "user", content = "canary" } }
  end

  it("writes one line for a request and one for its answer, with counts and names", function()
    spec.clock(1767225600.25)
    local logger = spec.plugin "request-logger"
    local request = spec.request { messages = messages(), stream = true, key = { id = "k1" } }
    logger:before_request(request)
    logger:after_request(request, spec.answer { text = "canary" })
    local lines = spec.logged()
    assert.are.same({
      level = "info", msg = "gateway request", model = "test-model", messages = 2, stream = true, api_key = "k1",
      trace_id = ("0"):rep(31) .. "1", timestamp = "2026-01-01T00:00:00.250Z",
    }, lines[1])
    lines[2].duration_ms = nil
    assert.are.same({
      level = "info", msg = "gateway response", model = "test-model", provider = "test", status = 200, choices = 1,
      prompt_tokens = 9, completion_tokens = 3, total_tokens = 12, api_key = "k1",
      trace_id = ("0"):rep(31) .. "1", timestamp = "2026-01-01T00:00:00.250Z",
    }, lines[2])
    spec.clock()
  end)

  it("names an error by its code, since a message may repeat what was asked", function()
    local request = spec.request { messages = messages() }
    spec.plugin("request-logger", { level = "error" }):on_error(request, {
      status = 400, code = "invalid_request", message = "canary",
    })
    local line = spec.logged()[1]
    assert.are.same({ "error", "gateway error", "invalid_request", 400 }, { line.level, line.msg, line.error,
      line.status })
    for _, value in pairs(line) do assert.is_nil(tostring(value):find("canary", 1, true)) end
  end)

  it("says at its opening what has no effect", function()
    spec.logged()
    spec.plugin("request-logger", { persist = true, backend = "sqlite", dsn = "x" })
    assert.are.equal(2, #spec.logged())
    assert.has_error(function() spec.plugin("request-logger", { level = "loud" }) end)
  end)
end)
