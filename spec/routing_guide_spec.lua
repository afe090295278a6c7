-- SPDX-License-Identifier: Apache-2.0
--- docs/routing.md: what stands there is right.

local config_text = require "spec.support.config_text"
local door = require "gateway.config"
local routing = require "spec.support.routing"
local script = require "gateway.script"
local spec = require "gateway.spec"

local guide = assert(door.read "docs/routing.md")
local contract = spec.script("strategies", "contract")

--- The blocks of one language, with the heading each stands under.
local function blocks(language)
  local found = {}
  for part in (guide .. "\n## "):gmatch "(.-)\n## " do
    for text in part:gmatch("```" .. language .. "\n(.-)```") do
      found[#found + 1] = { heading = part:match "^[^\n]*", text = text }
    end
  end
  return found
end

local function set_of(names)
  local set = {}
  for _, name in ipairs(names) do set[name] = true end
  return set
end

describe("the guide to routing", function()
  local own = assert(loadstring(blocks("lua")[1].text))()
  local strategies = routing.strategies { ["by-region"] = own }
  local known = { providers = set_of(script.list "providers"), strategies = strategies }
  local shown = {}

  it("has examples that load, each of the strategy it stands under", function()
    for _, block in ipairs(blocks "yaml") do
      local has_targets = ("\n" .. block.text):find "\ntargets:"
      local text = has_targets and block.text or block.text .. "targets: auto\n"
      local loaded, report = config_text.load(text, { KEY_ONE = "1", KEY_TWO = "2" }, ".yaml", known)
      assert.is_nil(report, block.heading)
      shown[loaded.strategy.mode] = true
      if strategies[block.heading] then assert.equal(block.heading, loaded.strategy.mode) end
      assert.same({}, loaded.warnings)
    end
  end)

  it("shows every strategy there is", function()
    for name in pairs(strategies) do assert.is_true(shown[name], name) end
    for name in pairs(strategies) do
      if name ~= "by-region" then assert.is_truthy(guide:find("\n## " .. name .. "\n", 1, true), name) end
    end
  end)

  it("has a strategy of one's own that does what it says", function()
    assert.is_true(contract.check(own, "by-region"))
    local targets = routing.targets "eu-1 us-1 eu-2"
    local plan = routing.plan({ mode = "by-region", config = { default = "eu" } }, targets, { strategies = strategies })
    assert.equal("eu-1 eu-2 us-1", routing.names(routing.order(plan)))
    assert.equal("us-1 eu-1 eu-2",
      routing.names(routing.order(plan, { call = routing.call { headers = { ["x-region"] = "us" } } })))
  end)

  it("names everything a strategy may have and ask", function()
    local known_names = { "name", "choose", "more", "open", "schema", "check", "named" }
    for _, name in ipairs(known_names) do assert.is_truthy(guide:find("| `" .. name, 1, true), name) end
    local own_ones = set_of { "next", "tried", "note", "prefix_hash", "__index" }
    for name, value in pairs(spec.module "routing") do
      if type(value) == "function" and not own_ones[name] then
        assert.is_truthy(guide:find("[:.]" .. name .. "%("), name)
      end
    end
  end)
end)
