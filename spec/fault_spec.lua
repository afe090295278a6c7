-- SPDX-License-Identifier: Apache-2.0
local spec = require "gateway.spec"

local fault = spec.module "fault"
local errors = spec.module "errors"

local call = { trace_id = function() return "t" end, says = function(_, word) return word:lower() == "secretword" end }

local function outcome(type)
  return fault.settle({ name = "x", type = type }, "before_request", call, "boom", "script_error")
end

describe("a fault", function()
  for _, type in ipairs { "guardrail", "auth", "transform", "ratelimit" } do
    it("of a " .. type .. " closes", function()
      assert.are.equal(errors.plugin, outcome(type))
      assert.is_true(fault.closes(type))
    end)
  end
  for _, type in ipairs { "logging", "metrics" } do
    it("of a " .. type .. " plugin changes nothing", function()
      assert.is_nil(outcome(type))
      assert.is_false(fault.closes(type))
    end)
  end

  it("reads as the wire contract says", function()
    assert.are.same({ 500, "server_error", "plugin_error", "the gateway could not complete the request" },
      { errors.plugin.status, errors.plugin.type, errors.plugin.code, errors.plugin.message })
  end)
end)

describe("the words of a fault in the log", function()
  local function told(problem)
    return fault.told(problem, function(word) return call:says(word) end)
  end

  it("are those of the error", function()
    assert.are.equal("plugins/x.lua:3: no such word", told "plugins/x.lua:3: no such word")
  end)

  it("lose what the request says", function()
    assert.are.equal('plugins/x.lua:3: no "[withheld]" here', told 'plugins/x.lua:3: no "SecretWord" here')
    assert.are.equal("a [withheld].", told "a secretword.")
  end)

  it("stay whole where Lua says them", function()
    local line = "plugins/x.lua:3: attempt to index local 'secretword' (a nil value)"
    assert.are.equal(line, told(line))
  end)

  it("are one line", function()
    assert.are.equal("first", told "first\nsecond")
    assert.are.equal(300, #told(("x"):rep(5000)))
  end)

  it("are there for whatever is raised", function()
    assert.are.equal("an error without a message", told(nil))
    assert.are.equal("an error without a message", told {})
    assert.are.equal("said", told { message = "said" })
  end)
end)
