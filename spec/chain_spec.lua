-- SPDX-License-Identifier: Apache-2.0
local chain = require("gateway.spec").module "chain"

local function nothing() end

local function entry(name, more)
  local made = { name = name, enabled = true, config = { of = name } }
  for key, value in pairs(more or {}) do made[key] = value end
  return made
end

local function names(steps)
  local list = {}
  for i, step in ipairs(steps or {}) do list[i] = step.name end
  return table.concat(list, " ")
end

describe("a chain", function()
  local plugins = {
    a = { name = "a", type = "guardrail", before_request = nothing, after_request = nothing },
    b = { name = "b", type = "logging", before_request = nothing, on_error = nothing },
    c = { name = "c", type = "guardrail", on_chunk = { feed = nothing } },
    t = { name = "t", type = "transform", before_request = nothing },
    ["response-cache"] = { name = "response-cache", type = "transform", before_request = nothing },
    idle = { name = "idle", type = "logging" },
  }

  it("has each hook's plugins in the order of the file", function()
    local built = chain.build({ entry "b", entry "a", entry "c" }, plugins)
    assert.are.equal("b a", names(built.before_request))
    assert.are.equal("a", names(built.after_request))
    assert.are.equal("b", names(built.on_error))
    assert.are.equal("c", names(built.on_chunk))
    assert.are.equal("c", names(built.chunk_only))
  end)

  it("leaves out who only listens to events, whatever its stage", function()
    local ear = { name = "ear", type = "logging", on_event = nothing }
    local built, _, listeners = chain.build({ entry("ear", { stage = "on_error" }), entry "ear" }, { ear = ear })
    assert.is_false(built)
    assert.are.equal("ear", names(listeners))
  end)

  it("is nothing when nobody has a hook", function()
    assert.is_false(chain.build({}, plugins))
    assert.is_false(chain.build({ entry "idle" }, plugins))
    assert.is_false(chain.build({ entry("a", { enabled = false }) }, plugins))
  end)

  it("runs a plugin at its stage alone; after_request takes on_chunk along", function()
    local after = { stage = "after_request" }
    local built = chain.build({ entry("a", after), entry("c", after) }, plugins)
    assert.is_nil(built.before_request)
    assert.are.equal("a", names(built.after_request))
    assert.are.equal("c", names(built.on_chunk))
    assert.is_false(chain.build({ entry("c", { stage = "on_error" }) }, plugins))
  end)

  it("lets a plugin that settles give back what it took, once, whatever stages are named", function()
    local own = { s = { name = "s", type = "ratelimit", settles = true, before_request = nothing,
      after_request = nothing, on_error = nothing, on_chunk = { feed = nothing } } }
    local before, after = entry("s", { stage = "before_request" }), entry("s", { stage = "after_request" })
    for _, entries in ipairs { { before }, { before, after }, { after, before } } do
      local built = chain.build(entries, own)
      for _, hook in ipairs { "before_request", "after_request", "on_error" } do
        assert.are.equal("s", names(built[hook]), hook)
      end
    end
    assert.is_nil(chain.build({ before }, own).on_chunk)
    assert.is_nil(chain.build({ after }, own).on_error)
  end)

  it("opens a plugin once, with its configuration", function()
    local opened = 0
    local own = { x = { name = "x", type = "transform", before_request = nothing, after_request = nothing,
      open = function(conf) opened = opened + 1 return conf.of .. opened end } }
    local entries = { entry("x", { stage = "before_request" }), entry("x", { stage = "after_request" }) }
    local built = chain.build(entries, own)
    assert.are.equal("x1", built.before_request[1].opened)
    assert.are.equal(built.before_request[1], built.after_request[1])
  end)

  it("is refused when a plugin cannot be opened", function()
    local own = {
      x = { name = "x", type = "logging", open = function() error("plugins/x.lua:7: no file", 0) end },
      y = { name = "y", type = "logging", open = function() error({}) end },
    }
    local built, problem = chain.build({ entry "x", entry "y" }, own)
    assert.is_nil(built)
    assert.are.equal("plugins/x.lua:7: open: no file\nplugins/y.lua: open: an error without a message", problem)
  end)

  it("may route when a transform sees the request, but for the cache", function()
    assert.is_true(chain.build({ entry "t" }, plugins).may_route)
    assert.is_false(chain.build({ entry "response-cache" }, plugins).may_route)
    assert.is_false(chain.build({ entry "a" }, plugins).may_route)
  end)
end)
