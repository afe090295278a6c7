-- SPDX-License-Identifier: Apache-2.0
local json = require "gateway.json"
local spec = require "gateway.spec"

local ACTIVE = { number = 3, id = "abc", activated_at = 1785578400.5, active = true, state = "active", previous = 2 }

--- Asks for a path of the API over what `control` says.
local function asked(method, path, control, query)
  return spec.admin("scripts", { scripts = control }):ask(method, path, { query = query })
end

describe("the admin API over scripts", function()
  it("lists every script with its spec and its calls", function()
    local answer = asked("GET", "/admin/scripts", {
      active = function() return ACTIVE end,
      report = function()
        return [[{"warnings":[],"scripts":[
          {"kind":"plugins","name":"a","source":"operator","hash":"h","judged":"x",
           "spec":{"passed":4,"failed":0,"duration_ms":12}},
          {"kind":"plugins","name":"b","source":"bundled","hash":"i","spec":null}]}]]
      end,
      stats = function() return { { kind = "plugins", name = "a", count = 7, faults = 1, p99_us = 30 } } end,
      rejected = function() return nil end,
    })
    assert.are.equal(200, answer.status)
    assert.are.equal("no-store", answer.headers["Cache-Control"])
    assert.are.same({
      generation = { number = 3, id = "abc", activated_at = "2026-08-01T10:00:00.500000000Z" },
      scripts = {
        { kind = "plugins", name = "a", source = "operator", hash = "h",
          spec = { passed = 4, failed = 0, duration_ms = 12 }, calls = { count = 7, faults = 1, p99_us = 30 } },
        { kind = "plugins", name = "b", source = "bundled", hash = "i", spec = json.null,
          calls = { count = 0, faults = 0, p99_us = 0 } },
      },
      warnings = {}, last_rejected = json.null,
    }, answer.json)
  end)

  it("says what was refused last", function()
    local answer = asked("GET", "/admin/scripts", {
      active = function() return ACTIVE end, report = function() return nil end, stats = function() return {} end,
      rejected = function() return 0, '{"reasons":[{"file":"plugins/a.lua","line":3,"message":"no"}]}' end,
    })
    assert.are.same({
      at = "1970-01-01T00:00:00.000000000Z", reasons = { { file = "plugins/a.lua", line = 3, message = "no" } },
    }, answer.json.last_rejected)
  end)
end)

describe("a reload", function()
  it("answers with the generation", function()
    local asked_for
    local answer = asked("POST", "/admin/scripts/reload", {
      reload = function(_, options)
        asked_for = options
        return ACTIVE
      end,
    }, { specs = "all" })
    assert.are.equal(200, answer.status)
    assert.are.same({ all_specs = true }, asked_for)
    assert.are.equal(3, answer.json.generation.number)
  end)

  it("that is refused answers with the reasons", function()
    local reasons = '[{"file":"plugins/a.lua","line":3,"message":"no"},{"file":"","line":0,"message":"nor this"}]'
    local answer = asked("POST", "/admin/scripts/reload", { reload = function() return nil, reasons end })
    assert.are.equal(422, answer.status)
    assert.are.equal("generation_rejected", answer.json.error.code)
    assert.are.equal("invalid_request_error", answer.json.error.type)
    assert.are.equal(json.null, answer.json.error.param)
    assert.matches("plugins/a.lua:3: no %(and 1 more%)$", answer.json.error.message)
    assert.are.same({ file = "plugins/a.lua", line = 3, message = "no" }, answer.json.reasons[1])
  end)
end)

describe("a rollback", function()
  local function back(result, tail)
    return asked("POST", "/admin/scripts/rollback/" .. (tail or "2"), {
      rollback = function() return result, "unknown" end,
    })
  end

  it("answers with the generation that is back", function()
    assert.are.equal(200, back(ACTIVE).status)
  end)

  it("to a number that is not kept is a 404", function()
    local answer = back(nil)
    assert.are.equal(404, answer.status)
    assert.are.equal("generation_not_found", answer.json.error.code)
  end)

  it("to what is no number is a 400", function()
    for _, tail in ipairs { "x", "0", "-1", "1.5", "2%2F3", "%20" } do
      assert.are.equal(400, back(ACTIVE, tail).status)
    end
  end)
end)

describe("the list of generations", function()
  it("is newest first with what became of each", function()
    local answer = asked("GET", "/admin/scripts/generations", {
      generations = function()
        local old = { number = 2, id = "old", activated_at = 0, active = false, state = "rolled_back", note = "n" }
        return { ACTIVE, old }
      end,
    })
    assert.are.same({
      { number = 3, id = "abc", activated_at = "2026-08-01T10:00:00.500000000Z", active = true, state = "active",
        previous = 2 },
      { number = 2, id = "old", activated_at = "1970-01-01T00:00:00.000000000Z", active = false,
        state = "rolled_back", note = "n" },
    }, answer.json.generations)
  end)
end)
