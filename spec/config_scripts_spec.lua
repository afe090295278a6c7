-- SPDX-License-Identifier: Apache-2.0
local config_text = require "spec.support.config_text"

local config = require("gateway.spec").module "config"
local valid = config_text.valid

describe("the keys of scripts", function()
  it("reach the processes in the units they count in", function()
    local settings = valid([[
targets: auto
scripts:
  path: /srv/scripts
  rollback: { window: 2m, fault_rate: 0.2, p99: 5ms }
]]).settings
    assert.are.equal("/srv/scripts", settings.script_path)
    assert.are.equal(120000, settings.script_rollback_window_ms)
    assert.are.equal(200000, settings.script_rollback_fault_ppm)
    assert.are.equal(5000, settings.script_rollback_p99_us)
  end)

  it("switch the watch off with 0", function()
    local settings = valid("targets: auto\nscripts: { rollback: { window: 0s, fault_rate: 0, p99: 0s } }").settings
    assert.are.equal(0, settings.script_rollback_window_ms)
    assert.are.equal(0, settings.script_rollback_fault_ppm)
    assert.are.equal(0, settings.script_rollback_p99_us)
  end)

  it("have bounds", function()
    assert.are.equal("f:2:36: scripts.rollback.fault_rate: must be between 0 and 1, got 5",
      config_text.report "targets: auto\nscripts: { rollback: { fault_rate: 5 } }")
  end)

  it("mean a path from where the file lies", function()
    assert.are.equal("conf/scripts", config.beside("conf/gateway.yaml", "scripts"))
    assert.are.equal("scripts", config.beside("gateway.yaml", "scripts"))
    assert.are.equal("/scripts", config.beside("conf/gateway.yaml", "/scripts"))
    assert.is_truthy(valid("targets: auto\nscripts: { path: mine }").settings.script_path:find("^/.*/mine$"))
  end)

  it("give way to GATEWAY_SCRIPTS", function()
    local loaded = valid("targets: auto\nscripts: { path: mine }", { GATEWAY_SCRIPTS = "yours" })
    assert.are.equal("yours", loaded.settings.script_path)
    assert.are.same({}, loaded.warnings)
  end)
end)

describe("recording", function()
  it("is off until a path is given", function()
    assert.are.equal("", assert(config.load({}, nil)).settings.recording_path)
  end)

  it("takes a share of the requests", function()
    local settings = valid("targets: auto\nrecording: { path: /tmp/x, sample: 0.25, max_size: 1MiB }").settings
    assert.are.equal(250000, settings.recording_sample_ppm)
    assert.are.equal(1048576, settings.recording_bytes)
    assert.is_true(settings.recording_redact)
  end)
end)
