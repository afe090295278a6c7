-- SPDX-License-Identifier: Apache-2.0
--- lua/dry_doors.lua: a plugin's doors while it must do nothing.

local shared = require "gateway.shared"
local spec = require "gateway.spec"

local dry_doors = spec.module "dry_doors"

describe("dry doors", function()
  local dry

  before_each(function()
    dry = dry_doors.values
    dry_doors.begin()
  end)

  it("show what is there, and keep changes to themselves", function()
    shared.set("dry:a", "live")
    assert.are.equal("live", dry.get "dry:a")
    dry.set("dry:a", "mine")
    assert.are.equal("mine", dry.get "dry:a")
    assert.is_true(dry.delete("dry:a", "mine"))
    assert.is_nil(dry.get "dry:a")
    assert.are.equal("live", shared.get "dry:a")
    dry_doors.begin()
    assert.are.equal("live", dry.get "dry:a")
  end)

  it("count on top of what is there", function()
    shared.incr("dry:n", 5)
    assert.are.equal(7, dry.incr("dry:n", 2))
    assert.are.same({ nil, 7 }, { dry.reserve("dry:n", 4, 10) })
    assert.are.equal(10, dry.reserve("dry:n", 3, 10))
    assert.are.equal(5, shared.get "dry:n")
  end)

  it("take nothing from a bucket, and know when it is empty", function()
    spec.clock(1700000000)
    assert.is_true(shared.take("dry:bucket", 1, 10, 8))
    assert.are.same({ true, 0 }, { dry.take("dry:bucket", 1, 10, 2) })
    local allowed, seconds = dry.take("dry:bucket", 1, 10, 1)
    assert.is_false(allowed)
    assert.are.equal(1, seconds)
    assert.are.equal(1, dry.settle("dry:bucket", 1, 10, 1))
    assert.are.equal(2, select(2, shared.take("dry:bucket", 1, 10, 0)))
  end)

  it("say when something cannot be known", function()
    assert.is_nil(dry_doors.why())
    assert.is_false(pcall(dry.cache.get, "x"))
    assert.are.equal("it looks into the cache", dry_doors.why())
    assert.is_nil(dry_doors.why())
  end)
end)
