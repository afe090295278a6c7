-- SPDX-License-Identifier: Apache-2.0
--- `events` of the configuration.

local config_text = require "spec.support.config_text"

describe("events.webhooks", function()
  it("are typed, with their defaults", function()
    local webhook = config_text.valid([[
targets: auto
events:
  webhooks:
    - url: ${HOOK}
]], { HOOK = "http://127.0.0.1:9/x" }).events.webhooks[1]
    assert.are.same({ url = "http://127.0.0.1:9/x", subjects = { "*" }, batch = 100, every = 1000, timeout = 5000,
      attempts = 5, backoff = 1000 }, webhook)
  end)

  it("are refused where they cannot be right", function()
    local cases = {
      { "- url: ftp://x.example", "must be an http:// or https:// address" },
      { "- url: https://me:pw@x.example", "must not hold a user or a password" },
      { "- url: https://x.example\n      secret: 'whsec_c2hvcnQ='", "must be whsec_ and the base64 of 24 to 64 bytes" },
      { "- url: https://x.example\n      subjects: [gateway.requests.*]", "must be an event's subject" },
      { "- batch: 5", "url" },
    }
    for _, case in ipairs(cases) do
      local text = ("targets: auto\nevents:\n  webhooks:\n    %s\n"):format(case[1])
      local report = config_text.report(text)
      assert.is_truthy(report:find(case[2], 1, true), report)
      assert.is_falsy(report:find("c2hvcnQ", 1, true), "a secret is shown")
    end
  end)
end)
