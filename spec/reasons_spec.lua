-- SPDX-License-Identifier: Apache-2.0
local reasons = require("gateway.spec").module "reasons"

local TEXT = 'return {\n  name = "x",\n  -- before_reqest is what people write\n  before_reqest = function() end,\n}\n'

local sources = {
  origin = function(path) return path == "plugins/x.lua" and "/srv/plugins/x.lua" or nil end,
  path = function(origin) return origin == "/srv/plugins/x.lua" and "plugins/x.lua" or nil end,
  text = function(path) return path == "plugins/x.lua" and TEXT or nil end,
}

local function read(line) return reasons.read(line, sources) end

describe("a reason", function()
  it("has the place of a script on the disk", function()
    assert.are.same({ file = "/srv/plugins/x.lua", line = 3, message = "no" }, read "plugins/x.lua:3: no")
  end)

  it("finds the line of the member it is about", function()
    local told = '/srv/plugins/x.lua: unknown member "before_reqest"; did you mean "before_request"?'
    assert.are.equal(4, read(told).line)
    assert.are.equal(2, read("/srv/plugins/x.lua: name must be \"y\"").line)
    assert.are.equal(1, read("/srv/plugins/x.lua: needs a type").line)
    assert.are.equal(1, read("/srv/plugins/y.lua: needs a type").line)
  end)

  it("has the line of a configuration file", function()
    assert.are.same({ file = "conf/g.yaml", line = 12, message = "server.port: no" },
      read "conf/g.yaml:12:5: server.port: no")
  end)

  it("names the environment, or nothing", function()
    assert.are.same({ file = "environment", line = 0, message = "PORT: no" }, read "environment: PORT: no")
    assert.are.same({ file = "", line = 0, message = "something broke" }, read "something broke")
  end)

  it("is one line of bounded length", function()
    local message = read("plugins/x.lua:3: a\n\n  b " .. ("é"):rep(1000)).message
    assert.is_falsy(message:find "\n")
    assert.is_true(#message <= 800)
  end)

  it("is shown as editors read it, and a configuration's line as it came", function()
    local report = "plugins/x.lua:3: no\nconf/g.yaml:12:5: server.port: no"
    assert.are.equal("/srv/plugins/x.lua:3: no\nconf/g.yaml:12:5: server.port: no", reasons.told(report, sources))
    assert.are.equal(2, #reasons.list(report, sources))
  end)
end)
