-- SPDX-License-Identifier: Apache-2.0
local spec = require "gateway.spec"

local roots = spec.module "roots"

--- A configuration file with this text in a folder of its own; the folder, the file, and how to be rid of both.
local function written(text)
  local folder = os.tmpname()
  os.remove(folder)
  assert(os.execute("mkdir -p " .. folder .. "/mine") == 0)
  local path = folder .. "/gateway.yaml"
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
  finally(function() os.execute("rm -r " .. folder) end)
  return folder, path
end

describe("the operator's scripts", function()
  it("are nowhere when nobody says where", function()
    assert.are.same({}, { roots.find {} })
    local _, path = written "targets: auto\n"
    assert.are.same({}, { roots.find { GATEWAY_CONFIG = path, GATEWAY_SCRIPTS = "" } })
  end)

  it("lie beside the configuration file that names them", function()
    local folder, path = written "scripts: { path: mine }\n"
    assert.are.equal(folder .. "/mine", roots.find { GATEWAY_CONFIG = path })
  end)

  it("may lie elsewhere", function()
    local _, path = written "scripts: { path: /usr }\n"
    assert.are.equal("/usr", roots.find { GATEWAY_CONFIG = path })
  end)

  it("are found in a file that is wrong otherwise", function()
    local folder, path = written "scripts: { path: mine, nonsense: 1 }\ntargets: 7\n"
    assert.are.equal(folder .. "/mine", roots.find { GATEWAY_CONFIG = path })
  end)

  it("are where GATEWAY_SCRIPTS says, whatever the file says", function()
    local _, path = written "scripts: { path: nowhere }\n"
    assert.are.equal("/usr", roots.find { GATEWAY_CONFIG = path, GATEWAY_SCRIPTS = "/usr" })
  end)

  it("must be there", function()
    local found, report = roots.find { GATEWAY_SCRIPTS = "/no/such/folder" }
    assert.is_nil(found)
    assert.are.equal('environment: GATEWAY_SCRIPTS: there is no folder "/no/such/folder"', report)
    local folder, path = written "targets: auto\nscripts:\n  path: yours\n"
    found, report = roots.find { GATEWAY_CONFIG = path }
    assert.is_nil(found)
    assert.are.equal(('%s:3:9: scripts.path: there is no folder "%s/yours"'):format(path, folder), report)
  end)
end)
