-- SPDX-License-Identifier: Apache-2.0
--- Several credentials of one target: which goes out, and what answers do to it.

local health = require "gateway.health"
local spec = require "gateway.spec"

local credentials = spec.module "credentials"

local number = 0

--- A target with several credentials that nobody has used yet.
local function target_make(several)
  number = number + 1
  return {
    name = "pool", provider = { name = "openai" }, several = several, key_pause_ms = 600000,
    cell_key = "pool" .. number, vault = health.target("pool" .. number, { label = "pool" }),
  }
end

--- One request; `answers` is what each credential is answered with: a status, or a failure. Returns the positions that
--- were asked, in a row.
local function request(target, answers, cautious)
  local asked = {}
  credentials.rotate(target, function(index)
    asked[#asked + 1] = index
    local answer = answers[index] or 200
    if type(answer) == "table" then return answer.upstream_status, answer end
    return answer or nil
  end, function() return true end, cautious)
  return asked
end

local function states(target)
  local words = {}
  for i, each in ipairs(credentials.states(target)) do words[i] = each.state end
  return table.concat(words, " ")
end

--- The last one that was asked, and how many were.
local function outcome(target, answers)
  local asked = request(target, answers)
  return asked[#asked], #asked
end

--- Until each credential was asked first once or more.
local function requests(count, target, answers, cautious)
  local most = 0
  for _ = 1, count do most = math.max(most, #request(target, answers, cautious)) end
  return most
end

local function logged(message)
  local found = {}
  for _, line in ipairs(spec.logged()) do
    if line.msg == message then found[#found + 1] = line end
  end
  return found
end

describe("several credentials", function()
  before_each(function()
    spec.clock(1767225600)
    spec.logged()
  end)

  it("share the requests", function()
    local target, counts = target_make(3), { 0, 0, 0 }
    for _ = 1, 300 do
      local index, asked = outcome(target, {})
      assert.equal(1, asked)
      counts[index] = counts[index] + 1
    end
    for i = 1, 3 do assert.is_true(counts[i] >= 90, counts[i]) end
  end)

  it("lose the one that is refused, and no request", function()
    local target = target_make(3)
    for _ = 1, 30 do assert.are_not.equal(2, (outcome(target, { [2] = 401 }))) end
    assert.equal("usable disabled usable", states(target))
    local lines = logged "credential disabled"
    assert.equal(1, #lines)
    local line = lines[1]
    assert.are.same({ "warn", "pool", 2, 401 }, { line.level, line.target, line.index, line.status })
    assert.equal(1, requests(20, target, { [2] = 401 }), "nobody asks with it any more")
  end)

  it("try it again after its time, once", function()
    local target = target_make(2)
    requests(3, target, { [2] = 401 })
    spec.clock_advance(600001)
    assert.equal(2, requests(4, target, { [2] = 401 }), "its trial")
    assert.equal("usable disabled", states(target))
    assert.equal(1, requests(10, target, { [2] = 401 }), "and then left alone again")
    assert.equal(1, #logged "credential disabled", "which was told before")
  end)

  it("take it back when it is accepted", function()
    local target = target_make(2)
    requests(3, target, { [2] = 401 })
    spec.clock_advance(600001)
    requests(3, target, {})
    assert.equal("usable usable", states(target))
    assert.equal(1, #logged "credential restored")
  end)

  it("tell once that one is back, however many are asking with it", function()
    local target = target_make(2)
    requests(3, target, { 401, 401 })
    credentials.rotate(target, function()
      request(target, {})
      return 200
    end, function() return true end)
    assert.equal(1, #logged "credential restored")
  end)

  it("let one rest that is throttled, for as long as it was said", function()
    local target = target_make(2)
    requests(2, target, { [1] = { upstream_status = 429, retry_after = 7 } })
    assert.equal("throttled usable", states(target))
    assert.equal(1, requests(10, target, { [1] = 429 }))
    spec.clock_advance(6900)
    assert.equal("throttled usable", states(target))
    spec.clock_advance(200)
    assert.equal("usable usable", states(target))
    assert.equal(0, #logged "credential disabled")
  end)

  it("let one rest for a second when nothing was said, and never for long", function()
    local target = target_make(2)
    requests(2, target, { [1] = { upstream_status = 529 } })
    spec.clock_advance(1001)
    assert.equal("usable usable", states(target))
    requests(2, target, { [1] = { upstream_status = 429, retry_after = 86400 } })
    spec.clock_advance(60001)
    assert.equal("usable usable", states(target))
  end)

  it("doubt one that is forbidden until another is accepted", function()
    local target = target_make(3)
    requests(3, target, { [2] = 403 })
    assert.equal("usable disabled usable", states(target))
  end)

  it("do not blame themselves for a request that is forbidden to all", function()
    local target = target_make(3)
    local _, asked = outcome(target, { 403, 403, 403 })
    assert.equal(3, asked)
    assert.equal("throttled throttled throttled", states(target))
    assert.equal(0, #logged "credential disabled")
    spec.clock_advance(1001)
    assert.equal("usable usable usable", states(target))
  end)

  it("do not lose themselves to a client that asks for what is not theirs", function()
    local target = target_make(3)
    for _ = 1, 4 do request(target, { 401, 401, 401 }, true) end
    assert.is_nil(states(target):find "disabled")
    spec.clock_advance(1001)
    requests(3, target, { [3] = 401 }, true)
    assert.equal("usable usable disabled", states(target), "another one was accepted")
  end)

  it("are asked once each when all are refused, then one for each request", function()
    local target = target_make(3)
    local _, asked = outcome(target, { 401, 401, 401 })
    assert.equal(3, asked)
    assert.equal("disabled disabled disabled", states(target))
    assert.equal(1, requests(5, target, { 401, 401, 401 }))
    requests(3, target, {})
    assert.is_truthy(states(target):find "usable", "what is accepted comes back at once")
  end)

  it("say nothing of a provider that fails", function()
    local target = target_make(2)
    assert.equal(1, requests(6, target, { 500, 500 }))
    assert.equal(1, requests(6, target, { 404, 400 }))
    assert.equal("usable usable", states(target))
  end)

  it("are not tried on when nobody answers", function()
    local target, asked = target_make(2), 0
    credentials.rotate(target, function()
      asked = asked + 1
      return nil
    end, function() return true end)
    assert.equal(1, asked)
  end)

  it("are not tried on when the body has gone by", function()
    local target, asked = target_make(2), 0
    credentials.rotate(target, function()
      asked = asked + 1
      return 401
    end, function() return false end)
    assert.equal(1, asked)
  end)
end)

describe("the only credential of a target", function()
  it("is asked on, whatever is said of it, and that is told now and then", function()
    local target = target_make(nil)
    local before = spec.module("events")
    local told = 0
    local emit = before.emit
    before.emit = function(subject, fields)
      told = told + 1
      assert.equal("gateway.credential.disabled", subject)
      assert.are.same({ target = "pool", provider = "openai", credential = 1, status = 401 }, fields)
    end
    for _ = 1, 3 do credentials.refused(target, { upstream_status = 401 }) end
    credentials.refused(target, { upstream_status = 500 })
    before.emit = emit
    assert.equal(1, told)
    assert.are.same({ { index = 1, state = "usable" } }, credentials.states(target))
  end)
end)
