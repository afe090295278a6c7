-- SPDX-License-Identifier: Apache-2.0
--- conf/gateway.yaml, conf/minimal.yaml and docs/configuration.md say what the schema says.

local config_text = require "spec.support.config_text"
local door = require "gateway.config"
local spec = require "gateway.spec"

local config = spec.module "config"
local document = spec.module "config_schema"

--- Every key of the document that is not for later: its path and schema. Groups hold targets, which are known then.
local function each_key(record, path, visit)
  if path:find "^targets%.targets" or path:find "^targets%.strategy" then return end
  for name, field in pairs(record.fields) do
    local at = path == "" and name or path .. "." .. name
    local below = field.fields and field or type(field.of) == "table" and field.of.fields and field.of
    if field[1] ~= "unsupported" then visit(at, name, field) end
    if below then each_key(below, at, visit) end
  end
end

describe("the reference files", function()
  local yaml = assert(door.read "conf/gateway.yaml")
  local docs = assert(door.read "docs/configuration.md")

  it("spell out every key", function()
    each_key(document, "", function(path, name, field)
      if field.fields then return end
      assert.is_truthy(yaml:find("%f[%w_]" .. name .. ":"), "conf/gateway.yaml lacks " .. path)
      local quoted = "`" .. path:gsub("^targets%.", ""):gsub("^plugins%.", "") .. "`"
      assert.is_truthy(docs:find(quoted, 1, true), "docs/configuration.md lacks " .. path)
    end)
  end)

  it("write the defaults that hold without them", function()
    local written = assert(config.load({}, "conf/gateway.yaml", config_text.known))
    local default = assert(config.load({}, nil, config_text.known))
    written.source = nil
    assert.are.same(default, written)
  end)

  it("write every key that has a default and is not of a list", function()
    local node = assert(door.parse(yaml, "yaml"))
    local written = {}
    local function walk(map, path)
      for _, entry in ipairs(map.entries or {}) do
        local at = path == "" and entry.key or path .. "." .. entry.key
        written[at] = true
        walk(entry.value, at)
      end
    end
    walk(node, "")
    each_key(document, "", function(path, _, field)
      local listed = path:find("^targets%.") or path:find("^plugins%.") or path:find("^events%.webhooks%.")
        or path:find("^strategy%..*%.")
      assert.is_true(written[path] or field.default == nil or listed ~= nil, "conf/gateway.yaml lacks " .. path)
    end)
  end)

  it("are valid", function()
    assert.are.equal(2, #assert(config.load({}, "conf/minimal.yaml", config_text.known)).targets)
  end)
end)
