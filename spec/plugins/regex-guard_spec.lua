-- SPDX-License-Identifier: Apache-2.0
local spec = require "gateway.spec"

local function guard_of(rule, more)
  local conf = more or {}
  conf.patterns = { rule }
  return spec.plugin("regex-guard", conf)
end

describe("regex-guard", function()
  it("refuses a request that a pattern finds, by the pattern's name", function()
    local guard = guard_of { name = "codename", pattern = "project (falcon|heron)" }
    local verdict = guard:before_request(spec.request { text = "what is project heron?" })
    assert.are.same({ 400, "request_rejected",
      'request rejected by regex-guard (before_request): request blocked by pattern "codename"' },
      { verdict.status, verdict.code, verdict.message })
    assert.is_nil(guard:before_request(spec.request { text = "what is Project Heron?" }))
  end)

  it("minds no capitals when told so", function()
    local guard = guard_of({ pattern = "project heron" }, { caseless = true })
    local verdict = guard:before_request(spec.request { text = "PROJECT Heron" })
    assert.is_truthy(verdict.message:find('pattern "pattern 1"', 1, true))
  end)

  it("masks in requests and answers", function()
    local guard = guard_of { pattern = "INC-[0-9]{6}", action = "mask", replacement = "[TICKET]" }
    local request = spec.request { text = "see INC-123456 and INC-12" }
    assert.is_nil(guard:before_request(request))
    assert.are.equal("see [TICKET] and INC-12", request:decoded().messages[1].content)
    local answer = spec.answer { text = "INC-123456" }
    assert.is_nil(guard:after_request(spec.request {}, answer))
    assert.are.equal("[TICKET]", answer:decoded().choices[1].message.content)
  end)

  it("looks where it is told to", function()
    local guard = guard_of { pattern = "falcon", direction = "response" }
    assert.is_nil(guard:before_request(spec.request { text = "falcon" }))
    assert.are.equal("response_rejected", guard:after_request(spec.request {}, spec.answer { text = "falcon" }).code)
    guard = guard_of { pattern = "falcon", direction = "request" }
    assert.is_nil(guard:after_request(spec.request {}, spec.answer { text = "falcon" }))
    assert.are.equal("falcon", spec.stream(guard, "falcon").text)
  end)

  it("lets each pattern say what it does", function()
    local guard = spec.plugin("regex-guard", { action = "mask", patterns = {
      { pattern = "falcon" }, { pattern = "heron", action = "block" },
    } })
    local request = spec.request { text = "a falcon" }
    assert.is_nil(guard:before_request(request))
    assert.are.equal("a [REDACTED]", request:decoded().messages[1].content)
    assert.is_not_nil(guard:before_request(spec.request { text = "a falcon and a heron" }))
  end)

  it("masks a stream however it is cut", function()
    local rule = { pattern = [[\bINC-[0-9]{2,6}\b]], action = "mask", replacement = "[T]" }
    spec.every_split(guard_of(rule), "a INC-12, xINC-123 INC-1234567 INC-12345", "a [T], xINC-123 INC-1234567 [T]")
    local numbers = guard_of { pattern = "[0-9]+", action = "mask", replacement = "#" }
    spec.every_split(numbers, "1234 a 5\195\182 67", "# a #\195\182 #")
  end)

  it("lets nothing of what it refuses out of a stream", function()
    local guard, text = guard_of { pattern = [[\bINC-[0-9]{6}\b]] }, "see INC-123456 there"
    for pieces in spec.splits(text, { pieces = 3 }) do
      local streamed = spec.stream(guard, pieces)
      assert.are.equal("response_rejected", streamed.verdict.code)
      assert.is_true(#streamed.text <= 4)
    end
    assert.are.equal("see INC-1234567", spec.stream(guard, { "see INC-123456", "7" }).text)
  end)

  it("never holds more than it may", function()
    local guard = guard_of { pattern = "<[^>]*>", action = "mask" }
    local long = "<" .. ("x"):rep(5000)
    local streamed = spec.stream(guard, { long, long .. ">", "<a>" })
    assert.is_true(streamed.held <= 4096)
    assert.are.equal(long, streamed.text:sub(1, #long))
    assert.are.equal("[REDACTED]", streamed.text:sub(-10))
  end)

  it("refuses a generation with a wrong pattern, and names it", function()
    local patterns = { { pattern = "a" }, { name = "n", pattern = "(b" } }
    local good, message = pcall(spec.plugin, "regex-guard", { patterns = patterns })
    assert.is_false(good)
    assert.is_truthy(tostring(message):find("patterns[1] (n): a group without its closing parenthesis", 1, true))
    assert.has_error(function() spec.plugin("regex-guard", {}) end)
    assert.has_error(function() guard_of { pattern = "a", action = "drop" } end)
  end)
end)
