-- SPDX-License-Identifier: Apache-2.0
local spec = require "gateway.spec"

describe("no-secrets", function()
  local guard = spec.plugin("no-secrets", { words = { "project nightfall" } })

  it("lets ordinary requests go on", function()
    assert.is_nil(guard:before_request(spec.request { text = "What is a project?" }))
  end)

  it("refuses the words, in capitals too", function()
    local verdict = guard:before_request(spec.request { text = "When is PROJECT Nightfall due?" })
    assert.are.same({ 400, "blocked_content" }, { verdict.status, verdict.code })
  end)

  it("finds them wherever a request has text", function()
    local tool = { type = "function", ["function"] = { name = "f", arguments = '{"of":"project nightfall"}' } }
    local messages = { { role = "assistant", tool_calls = { tool } } }
    assert.is_not_nil(guard:before_request(spec.request { messages = messages }))
  end)

  it("needs its words", function()
    assert.has_error(function() spec.plugin("no-secrets", {}) end)
  end)
end)
