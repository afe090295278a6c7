-- SPDX-License-Identifier: Apache-2.0
local config_text = require "spec.support.config_text"
local spec = require "gateway.spec"

local checks = spec.module "config_checks"
local surfaces = spec.module "surfaces"
local valid = config_text.valid

describe("client_gone", function()
  it("cancels everything unless it says otherwise", function()
    local settings = valid("targets: auto").settings
    assert.are.same({ "cancel", "", 1000 },
      { settings.client_gone_policy, settings.client_gone_routes, settings.client_gone_calls })
  end)

  it("reaches the processes by endpoint", function()
    local settings = valid([[
targets: auto
client_gone: { policy: drain, routes: { responses: finish, chat: cancel }, calls_per_worker: 5 }
]]).settings
    assert.are.same({ "drain", "chat=cancel responses=finish", 5 },
      { settings.client_gone_policy, settings.client_gone_routes, settings.client_gone_calls })
  end)

  it("knows its endpoints and policies", function()
    local report = config_text.report [[
targets: auto
client_gone:
  policy: abort
  routes:
    chta: drain
    messages: keep
]]
    assert.is_truthy(report:find('client_gone.policy: must be one of cancel, drain, finish', 1, true), report)
    assert.is_truthy(report:find('f:5:11: client_gone.routes.chta: "chta" is no endpoint; did you mean "chat"?; '
      .. "endpoints: chat, completions,", 1, true), report)
    assert.is_truthy(report:find("f:6:15: client_gone.routes.messages: must be one of cancel, drain, finish", 1, true),
      report)
  end)

  it("has every endpoint that a client of OpenAI's meets", function()
    local known = {}
    for _, name in ipairs(checks.ENDPOINTS) do known[name] = true end
    for name in pairs(surfaces) do assert.is_true(known[name], name) end
  end)
end)
