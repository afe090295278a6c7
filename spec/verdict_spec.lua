-- SPDX-License-Identifier: Apache-2.0
local verdict = require("gateway.spec").module "verdict"

local function rejection(given, hook, type)
  return verdict.rejection(given, { name = "w", type = type or "guardrail" }, hook or "before_request")
end

describe("a rejection", function()
  for name, case in pairs {
    ["of a guardrail before the request"] = { { {} },
      { 400, "invalid_request_error", "request_rejected", "request rejected by w (before_request)" } },
    ["with a reason"] = { { { reason = "no" } },
      { 400, "invalid_request_error", "request_rejected", "request rejected by w (before_request): no" } },
    ["with a message of its own"] = { { { message = "mine", reason = "no" } },
      { 400, "invalid_request_error", "request_rejected", "mine" } },
    ["of a rate limit"] = { { { reason = "slow down" }, "before_request", "ratelimit" },
      { 429, "rate_limit_error", "rate_limit_exceeded", "request rejected by w (before_request): slow down" } },
    ["of a budget"] = { { { status = 402, code = "insufficient_quota", reason = "spent" }, nil, "ratelimit" },
      { 402, "insufficient_quota", "insufficient_quota", "request rejected by w (before_request): spent" } },
    ["of an answer"] = { { { reason = "no" }, "after_request" },
      { 502, "upstream_error", "response_rejected", "response rejected by w: no" } },
    ["of an answer, by a rate limit"] = { { {}, "after_request", "ratelimit" },
      { 502, "upstream_error", "response_rejected", "response rejected by w" } },
    ["of a stream"] = { { {}, "on_chunk" }, { 502, "upstream_error", "response_rejected", "response rejected by w" } },
    ["of an answer with a status"] = { { { status = 451, code = "law" }, "after_request" },
      { 451, "upstream_error", "law", "response rejected by w" } },
    ["with 401"] = { { { status = 401, message = "m" } }, { 401, "authentication_error", "request_rejected", "m" } },
    ["with 403"] = { { { status = 403, message = "m" } }, { 403, "permission_error", "request_rejected", "m" } },
    ["with 404"] = { { { status = 404, message = "m" } }, { 404, "invalid_request_error", "request_rejected", "m" } },
    ["with 503"] = { { { status = 503, message = "m" } }, { 503, "server_error", "request_rejected", "m" } },
  } do
    it(name .. " reads as the wire contract says", function()
      local failure = rejection(case[1][1], case[1][2], case[1][3])
      assert.are.same(case[2], { failure.status, failure.type, failure.code, failure.message })
      assert.is_true(failure.rejected and failure.final)
    end)
  end

  it("keeps its headers, and Retry-After as seconds", function()
    local failure = rejection { headers = { ["Retry-After"] = "7", ["X-Limit"] = "3" } }
    assert.are.equal(7, failure.retry_after)
    assert.are.same({ ["X-Limit"] = "3" }, failure.headers)
  end)
end)
