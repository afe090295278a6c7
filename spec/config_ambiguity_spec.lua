-- SPDX-License-Identifier: Apache-2.0
--- What two readers of YAML take for two things is refused with its path, its line and the word itself.

local config_text = require "spec.support.config_text"

local WORDS = { "010", "1_000", ".inf", "yes", "12:30", "-5s", "1e3", "9223372036854775808" }

--- A key of each type, and the words that mean one thing there.
local KEYS = {
  { "server.port", "server: { port: %s }", {} },
  { "aliases.a", "aliases: { a: %s }", { ["-5s"] = true } },
  { "request_timeout", "request_timeout: %s", {} },
  { "timeouts.idle", "timeouts: { keep_alive: %s }", {} },
  { "max_request_bytes", "max_request_bytes: %s", {} },
  { "scripts.rollback.fault_rate", "scripts: { rollback: { fault_rate: %s } }", {} },
  { "auth.allow_unauthenticated_proxy", "auth: { allow_unauthenticated_proxy: %s }", {} },
}

describe("an ambiguous word", function()
  for _, key in ipairs(KEYS) do
    it("is refused for " .. key[1], function()
      for _, word in ipairs(WORDS) do
        local report = config_text.report("targets: auto\n\n" .. key[2]:format(word))
        if key[3][word] then
          assert.are.equal("no error", report)
        else
          assert.is_truthy(report:find("^f:3:%d+: "), report)
          assert.is_truthy(report:find(word, 1, true), report)
        end
      end
    end)
  end

  it("is told how to be written only where that is known", function()
    assert.are.equal("f:2:20: max_request_bytes: must be a number of bytes such as 1048576, 64KiB or 32MiB, "
      .. "got 9223372036854775808", config_text.report "targets: auto\nmax_request_bytes: 9223372036854775808")
    assert.is_falsy(config_text.report("targets: auto\nrequest_timeout: 010"):find("write 010", 1, true))
    assert.is_truthy(config_text.report("targets: auto\nrequest_timeout: 90"):find("write 90s or 90ms", 1, true))
  end)
end)

describe("a key in the wrong place", function()
  it("is named with its line and where it belongs", function()
    for key, meant in pairs { plugin = 'did you mean "plugins"?', master_key = "did you mean auth.master_key?" } do
      local report = config_text.report(("targets: auto\n%s: []\n"):format(key))
      assert.is_truthy(report:find(('f:2:1: %s: unknown key "%s"'):format(key, key), 1, true), report)
      assert.is_truthy(report:find(meant, 1, true), report)
    end
  end)

  it("is told when it comes twice", function()
    assert.are.equal('f:2:1: duplicate key "targets": already on line 1',
      config_text.report "targets: auto\ntargets: auto\n")
  end)
end)
