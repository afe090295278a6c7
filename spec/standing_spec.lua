-- SPDX-License-Identifier: Apache-2.0
--- How targets stand, for probes, admin API and metrics.

local spec = require "gateway.spec"

local cells = spec.module "cells"
local standing = spec.module "standing"
local targets = spec.module "targets"

local catalog = { providers = { openai = spec.script("providers", "openai") }, dialects = {} }
catalog.dialects.openai_chat = spec.script("providers/dialects", "openai_chat")

local BREAKER = { failure_threshold = 1, success_threshold = 1, max_half_threshold = 1, timeout = 1000 }

local number = 0

local function target_make(more)
  number = number + 1
  local entry = { virtual_key = "openai", name = "t" .. number, api_key = "hush-hush-key", circuit_breaker = BREAKER }
  for key, value in pairs(more or {}) do entry[key] = value end
  return assert(targets.build(catalog, { targets = { entry } }, function() end, function() end))[1]
end

local function fail(cell)
  cell:enter()
  cell:leave(nil, "failure")
end

--- What GET /admin/routing/targets and the probes say.
local function view_of(...)
  local list = standing.list({ ... }, true)
  return { standing = function() return list end }
end

describe("a target", function()
  before_each(function() spec.clock(1767225600) end)

  it("is as bad as the worst of its models", function()
    local target = target_make()
    assert.equal("closed", standing.of(target).circuit)
    cells.model(target, "a")
    fail(cells.model(target, "b"))
    local stands = standing.of(target)
    assert.equal("open", stands.circuit)
    assert.is_false(stands.shut)
    assert.are.same({ "a", "closed", "b", "open" }, {
      stands.models[1].model, stands.models[1].circuit, stands.models[2].model, stands.models[2].circuit,
    })
    spec.clock_advance(1001)
    assert.equal("half-open", standing.of(target).circuit)
  end)

  it("is shut when every circuit is open", function()
    local target = target_make()
    fail(cells.model(target, "a"))
    assert.is_true(standing.of(target).shut)
    cells.model(target, "b")
    assert.is_false(standing.of(target).shut)
  end)

  it("shows models that another worker has met", function()
    local target = target_make()
    fail(cells.model(target, "a"))
    local twin = target_make { name = target.name }
    assert.equal("open", standing.of(twin).circuit)
    assert.equal(1, #standing.of(twin).models)
  end)

  it("has no circuit but a closed one without a breaker", function()
    local target = target_make { circuit_breaker = false }
    for _ = 1, 9 do fail(cells.model(target, "a")) end
    assert.equal("closed", standing.of(target).circuit)
  end)
end)

describe("GET /admin/routing/targets", function()
  it("shows figures, models and credentials, by their positions alone", function()
    local target = target_make { api_keys = { "hush-hush-two" }, concurrency = { max_concurrency = 5 } }
    target.vault:credential_set(2, "disabled", 1000)
    fail(cells.model(target, "a"))
    local admin = spec.admin("routing", view_of(target))
    local answer = admin:ask("GET", "/admin/routing/targets")
    assert.equal(200, answer.status)
    local shown = answer.json.targets[1]
    assert.equal("open", shown.circuit)
    assert.equal(5, shown.max_concurrency)
    assert.equal(0, shown.figures.in_flight)
    assert.equal("a", shown.models[1].model)
    assert.equal("open", shown.models[1].circuit)
    assert.are.same({ 1, "usable", 2, "disabled" }, {
      shown.credentials[1].index, shown.credentials[1].state, shown.credentials[2].index, shown.credentials[2].state,
    })
    assert.is_nil(answer.text:find "hush")
  end)

  it("may be read with a key that may only read", function()
    local admin = spec.admin("routing", view_of())
    local answer = admin:ask("GET", "/admin/routing/targets", { key = { id = "r", scopes = { "read_only" } } })
    assert.equal(200, answer.status)
    assert.equal('{"targets":[]}', (answer.text:gsub("%s", "")))
  end)
end)
