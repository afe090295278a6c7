-- SPDX-License-Identifier: Apache-2.0
local context = require "gateway.context"

local methods = { shout = function(ctx) return ctx.model:upper() end }

describe("gateway.context", function()
  it("shows fields, then methods", function()
    local ctx = context.new({ model = "m", stream = false }, methods)
    assert.are.equal("m", ctx.model)
    assert.is_false(ctx.stream)
    assert.are.equal("M", ctx:shout())
    assert.is_nil(ctx.other)
    assert.is_nil(ctx[1])
  end)

  it("makes a lazy field once, when it is first read", function()
    local made, own = 0, {}
    local lazy = { body = function(fields) made = made + 1; return { fields.model } end }
    local ctx = context.new({ model = "m" }, own, nil, lazy)
    assert.are.equal(0, made)
    assert.are.same({ "m" }, ctx.body)
    assert.are.equal(ctx.body, ctx.body)
    assert.are.equal(1, made)
    assert.are.equal(ctx.body, context.fields(ctx).body)
    assert.has_error(function() return context.new({}, {}, nil, { x = function() error("no x", 0) end }).x end, "no x")
  end)

  it("refuses to be written, and says what to do instead", function()
    local ctx = context.new({ model = "m" }, methods)
    local message = "ctx.%s is read-only: change the request with ctx.body:set(path, value), keep things in ctx.state"
    assert.has_error(function() ctx.model = "x" end, message:format "model")
    assert.has_error(function() ctx.new = 1 end, message:format "new")
    assert.has_error(function() ctx[1] = 1 end, message:format "this")
    assert.is_false(getmetatable(ctx))
    assert.are.equal("ctx", tostring(ctx))
  end)

  it("raises once it is closed", function()
    local fields = { model = "m" }
    local ctx = context.new(fields, methods)
    local shout = ctx.shout
    assert.is_true(context.is_open(ctx))
    context.close(ctx)
    assert.is_false(context.is_open(ctx))
    assert.has_error(function() return ctx.model end, "ctx is over")
    assert.has_error(function() ctx.model = "x" end, "ctx is over")
    assert.has_error(function() shout(ctx) end)
    assert.are.equal(fields, context.fields(ctx))
    context.close(ctx)
  end)

  it("takes nothing else for a context", function()
    for _, wrong in ipairs { {}, "ctx", io.stdout, newproxy() } do
      assert.has_error(function() context.fields(wrong) end)
      assert.has_error(function() context.close(wrong) end)
    end
    assert.has_error(function() context.new() end)
    assert.has_error(function() context.new({}) end)
    assert.has_error(function() context.new({}, {}, {}) end)
  end)

  it("survives the collector", function()
    for _ = 1, 100 do context.new({}, {}) end
    collectgarbage()
    collectgarbage()
    assert.are.equal("M", context.new({ model = "m" }, methods):shout())
  end)
end)
