-- SPDX-License-Identifier: Apache-2.0

local log = require "gateway.log"

-- Specs have no log: what is written is proven in tests/unit/bindings_telemetry.c.
describe("gateway.log", function()
  it("takes a message and fields at every level", function()
    for _, level in ipairs { "debug", "info", "warn", "error" } do
      assert.has_no_error(function() log[level] "message" end)
      assert.has_no_error(function() log[level]("message", { text = "x", number = 1.5, flag = true }) end)
    end
  end)

  it("takes out of a text what no line may show", function()
    assert.are.equal("say it to [REDACTED_EMAIL]: [REDACTED_OPENAI_KEY]\0",
      log.redacted("say it to ann@example.com: sk-proj-abcdefghijklmnopqrst\0"))
    assert.are.equal("", log.redacted "")
    assert.has_error(function() log.redacted() end)
  end)

  it("checks its arguments though nobody listens", function()
    assert.has_error(function() log.info() end)
    assert.has_error(function() log.info(5) end)
    assert.has_error(function() log.info("m", "fields") end)
    assert.has_error(function() log.info("m", { nested = {} }) end)
    assert.has_error(function() log.info("m", { "no name" }) end)
    assert.has_error(function() log.info("m", { ["a b"] = 1 }) end)
    assert.has_error(function() log.info("m", { time = 1 }) end)
  end)
end)
