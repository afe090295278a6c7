-- SPDX-License-Identifier: Apache-2.0
--- Targets that are asked whether they answer.

local shared = require "gateway.shared"
local spec = require "gateway.spec"

local health_check = spec.module "health_check"
local standing = spec.module "standing"
local targets = spec.module "targets"

local catalog = { providers = {}, dialects = {} }
for _, name in ipairs { "openai", "demo" } do
  catalog.providers[name] = spec.script("providers", name)
  local dialect = catalog.providers[name].dialect
  catalog.dialects[dialect] = spec.script("providers/dialects", dialect)
end

local CHECK = { interval = 1000, timeout = 500, unhealthy_after = 3, healthy_after = 2 }

local function target_make(name, check, more)
  local entry = { virtual_key = "openai", name = name, base_url = "http://127.0.0.1:9/v1", api_key = "hush-hush-key",
    health_check = check }
  for key, value in pairs(more or {}) do entry[key] = value end
  return assert(targets.build(catalog, { targets = { entry } }, function() end, function() end))[1]
end

local function check_with(more)
  local check = {}
  for key, value in pairs(CHECK) do check[key] = value end
  for key, value in pairs(more or {}) do check[key] = value end
  return check
end

local answer
local asked = spec.upstream(function()
  if type(answer) == "string" then return nil, answer, "refused" end
  return { status = answer, headers = {}, body = "{}" }
end)

--- Checks once, an interval later, and says whether the target is well.
local function check(target, with)
  answer = with
  health_check.run(health_check.turn_of(target))
  spec.clock_advance(1000)
  return not target.cell:figures().unhealthy
end

local function messages()
  local words = {}
  for _, line in ipairs(spec.logged()) do
    if line.level ~= "debug" then words[#words + 1] = line.msg end
  end
  return table.concat(words, ", ")
end

describe("a health check", function()
  before_each(function()
    spec.clock(1767225600)
    spec.logged()
  end)

  it("asks for the list of models, with the credential, where no path is written", function()
    local target = target_make("models", CHECK)
    assert.is_true(check(target, 200))
    assert.equal("http://127.0.0.1:9/v1/models", asked[#asked].url)
    assert.equal("Bearer hush-hush-key", asked[#asked].headers.authorization)
    assert.is_nil(messages():find "hush")
  end)

  it("asks for the path that is written, below the root", function()
    check(target_make("path", check_with { path = "/live" }), 200)
    assert.equal("http://127.0.0.1:9/v1/live", asked[#asked].url)
  end)

  it("gives a target up after failures in a row, and takes it back after good ones in a row", function()
    local target = target_make("row", CHECK)
    assert.is_true(check(target, "connection refused"))
    assert.is_true(check(target, 503))
    assert.is_true(check(target, 200))
    for _ = 1, 2 do assert.is_true(check(target, 500)) end
    assert.equal("", messages())
    assert.is_false(check(target, 500))
    assert.equal("target unhealthy", messages())
    assert.is_true(standing.of(target).unhealthy)
    assert.equal("unhealthy", (target.cell:look()))
    assert.is_false(check(target, 200))
    assert.is_false(check(target, 500))
    assert.is_false(check(target, 200))
    assert.is_true(check(target, 200))
    assert.equal("target healthy", messages())
  end)

  it("is one worker's turn at a time, until the turn is over", function()
    local target = target_make("turn", CHECK)
    local turn, before = health_check.turn_of(target), #asked
    answer = 200
    health_check.run(turn)
    health_check.run(turn)
    assert.equal(before + 1, #asked)
    spec.clock_advance(950)
    health_check.run(turn)
    assert.equal(before + 2, #asked)
  end)

  it("begins no other one while it lasts, unless its worker is gone", function()
    local target = target_make("long", check_with { interval = 100, timeout = 5000 })
    local turn, before = health_check.turn_of(target), #asked
    answer = 200
    shared.set(turn.key .. ":lock", shared.worker(), 6)
    spec.clock_advance(1000)
    health_check.run(turn)
    assert.equal(before, #asked)
    shared.set(turn.key .. ":lock", "nobody.0", 6)
    health_check.run(turn)
    assert.equal(before + 1, #asked)
  end)

  it("takes a refused key or a limit for a sign of life", function()
    for _, status in ipairs { 200, 204, 401, 403, 404, 429 } do
      assert.is_true(health_check.is_alive(status, false), status)
    end
    for _, status in ipairs { 500, 502, 529 } do assert.is_false(health_check.is_alive(status, false), status) end
    assert.is_false(health_check.is_alive(404, true))
    assert.is_true(health_check.is_alive(401, true))
  end)

  it("is not made where none is asked for, or nobody can be asked", function()
    assert.is_nil(health_check.turn_of(target_make("none", nil)))
    assert.is_nil(health_check.turn_of(target_make("demo", CHECK, {
      virtual_key = "demo", base_url = false, api_key = false,
    })))
  end)

  it("leaves nothing behind when it is taken out of the configuration", function()
    local target = target_make("gone", CHECK)
    for _ = 1, 3 do check(target, 500) end
    assert.is_true(target.cell:figures().unhealthy)
    assert.is_false(target_make("gone", nil).cell:figures().unhealthy)
  end)
end)
