-- SPDX-License-Identifier: Apache-2.0
local spec = require "gateway.spec"

local MORNING = 1767254400 -- 2026-01-01 08:00 UTC

describe("daily-quota", function()
  local quota

  before_each(function()
    spec.clock(MORNING)
    quota = spec.plugin("daily-quota", { requests = 2 })
  end)

  local function ask(key)
    local request = spec.request { text = "Hello", key = { id = key } }
    return quota:before_request(request), request.headers_put["X-Quota-Remaining"]
  end

  it("counts each key by itself", function()
    assert.are.same({ nil, "1" }, { ask "counts-a" })
    assert.are.same({ nil, "0" }, { ask "counts-a" })
    assert.are.same({ nil, "1" }, { ask "counts-b" })
  end)

  it("refuses what is beyond it until midnight", function()
    ask "refuses"
    ask "refuses"
    local verdict = ask "refuses"
    assert.are.same({ 429, "rate_limit_exceeded" }, { verdict.status, verdict.code })
    assert.are.equal(16 * 3600, verdict.retry_after)
  end)

  it("begins anew the next day", function()
    ask "anew"
    ask "anew"
    spec.clock_advance(16 * 3600 * 1000)
    assert.is_nil((ask "anew"))
  end)
end)
