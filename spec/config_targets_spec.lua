-- SPDX-License-Identifier: Apache-2.0
local config_text = require "spec.support.config_text"

local config = require("gateway.spec").module "config"
local valid = config_text.valid

--- Every error of the text, a line each.
local function assert_report(expected, text, environment)
  assert.are.equal(table.concat(expected, "\n"), config_text.report(text, environment))
end

--- The one error of the targets in the text, behind "f:LINE:COLUMN: ".
local function target_error(text)
  return (config_text.report("targets:\n" .. text):gsub("^f:%d+:%d+: ", ""))
end

describe("a strategy", function()
  it("is single when the file names targets and no mode", function()
    assert.are.equal("single", valid("targets: [{ virtual_key: openai }]").strategy.mode)
    assert.are.equal("single", valid("strategy: { mode: '' }\ntargets: [{ virtual_key: openai }]").strategy.mode)
    assert.are.equal("fallback", valid("targets: auto").strategy.mode)
  end)

  it("must be known", function()
    assert_report({
      'f:2:19: strategy.mode: unknown strategy mode: "falback"; did you mean "fallback"?; '
        .. "valid modes: fallback, single",
    }, "targets: auto\nstrategy: { mode: falback }")
  end)

  it("may come from a script of this generation", function()
    local loaded = config.load({}, "conf/minimal.yaml", { strategies = { fallback = true, sticky = true } })
    assert.are.equal("fallback", loaded.strategy.mode)
  end)
end)

describe("the targets of files and of responses", function()
  it("are configured targets", function()
    local report = config_text.report [[
targets:
  - virtual_key: openai
batch_target: opneai
responses_target: other
]]
    assert.is_truthy(report:find('batch_target "opneai" does not name any configured target', 1, true))
    assert.is_truthy(report:find('responses_target "other" does not name any configured target', 1, true))
  end)

  it("may be any of them", function()
    assert.equal("no error", config_text.report "targets:\n  - virtual_key: openai\nbatch_target: openai\n")
  end)
end)

describe("a key of a later version", function()
  it("is told with its line", function()
    local report = config_text.report [[
targets:
  - virtual_key: openai
mcp_servers: [{ name: x }]
observability: { exporters: [{ name: x }], tracing: { enabled: true } }
]]
    local lines = {}
    for line in report:gmatch "[^\n]+" do
      lines[#lines + 1] = line:match "^f:(%d+):%d+: .* is not supported by this version yet$"
    end
    assert.are.same({ "3", "4", "4" }, lines)
  end)

  it("may be spelt out empty", function()
    valid "targets: auto\nplugins: []\nmcp_servers: []\nobservability: { exporters: [] }"
  end)
end)

describe("targets", function()
  it("must not be none", function()
    assert_report({ "f:1:10: targets: at least one target is required" }, "targets: []")
    assert_report({ 'f:1:1: targets: at least one target is required (or write "targets: auto")' },
      "log: { level: info }")
  end)

  it("keep everything they say", function()
    local loaded = valid([[
targets:
  - virtual_key: openai
    weight: 3
    models: [gpt-next-preview]
    retry: { attempts: 3, on_status_codes: [429, 503], initial_backoff_ms: 200 }
  - name: local
    base_url: http://127.0.0.1:8000/v1
    api_key: "${LOCAL}"
    model_map: { my-model: org/my-model }
    variables: { region: "${REGION}" }
    timeout: { connect: 1s, first_byte: 5m, idle: 1m, total: 10m }
]], { LOCAL = "k", REGION = "eu-1" })
    assert.are.same({
      virtual_key = "openai", provider = "openai", name = "openai", weight = 3, models = { "gpt-next-preview" },
      model_map = {}, variables = {}, timeout = {}, priority = 0, api_key_pause = 600000,
      retry = { attempts = 3, on_status_codes = { 429, 503 }, initial_backoff_ms = 200, retry_ambiguous = false },
    }, loaded.targets[1])
    assert.are.same({
      name = "local", provider = "openai-compatible", base_url = "http://127.0.0.1:8000/v1", api_key = "k", weight = 0,
      models = {}, variables = { region = "eu-1" }, priority = 0, api_key_pause = 600000,
      model_map = { ["my-model"] = "org/my-model" },
      retry = { attempts = 1, initial_backoff_ms = 100, retry_ambiguous = false },
      timeout = { connect = 1000, first_byte = 300000, idle = 60000, total = 600000 },
    }, loaded.targets[2])
  end)

  it("of one provider get names of their own", function()
    local loaded = valid("targets: [{ virtual_key: openai }, { virtual_key: openai }, "
      .. "{ name: openai-2, provider: openai }]")
    local names = {}
    for i, target in ipairs(loaded.targets) do names[i] = target.name end
    assert.are.same({ "openai", "openai-3", "openai-2" }, names)
  end)

  it("name a provider there is", function()
    assert.are.equal('targets[0].virtual_key: target "opnai": "opnai" is no known provider; did you mean "openai"?',
      target_error "  - virtual_key: opnai")
    assert.are.equal('targets[0].provider: target "x": "nobody" is no known provider',
      target_error "  - { name: x, provider: nobody }")
    assert.are.equal('targets[0]: target "0": virtual_key is required: a provider id (or name, base_url and api_key '
      .. "of an OpenAI-compatible server)", target_error "  - { weight: 1 }")
    assert.are.equal('targets[0].provider: target "openai": virtual_key says "openai" and provider says "demo": '
      .. "keep one of them", target_error "  - { virtual_key: openai, provider: demo }")
  end)

  it("need a provider's dialect where none is there for any server", function()
    local known = config_text.known
    config_text.known = { providers = { openai = true } }
    local message = target_error "  - { name: x, base_url: http://h, api_key: 'k' }"
    config_text.known = known
    assert.are.equal('targets[0]: target "x": provider is required beside base_url: '
      .. "whose dialect does this server speak?", message)
  end)

  it("have names that are told apart", function()
    assert.are.equal('targets[1].name: target name "a" is already used by targets[0]',
      target_error "  - { name: a, provider: openai }\n  - { name: a, provider: openai }")
    assert.are.equal('targets[0].name: target "a b": may hold letters, digits, dots, hyphens and underscores',
      target_error "  - { name: a b, provider: openai }")
    assert.are.equal('targets[0]: target "a": base_url is required: openai-compatible has no address of its own',
      target_error "  - { name: a, provider: openai-compatible, api_key: 'k' }")
    assert.are.equal('targets[0]: target "0": name is required beside base_url',
      target_error "  - { base_url: http://h }")
  end)

  it("retry as often as is said, zero meaning once", function()
    local once = valid "targets: [{ virtual_key: openai, retry: { attempts: 0 } }]"
    assert.are.equal(1, once.targets[1].retry.attempts)
    assert.are.equal('targets[0].retry.attempts: target "openai": retry.attempts cannot be negative, got -1 (omit the '
      .. "field, or set 1, for a single attempt)", target_error "  - { virtual_key: openai, retry: { attempts: -1 } }")
    assert.are.equal('targets[0].retry.initial_backoff_ms: target "openai": retry.initial_backoff_ms cannot be '
      .. "negative, got -1", target_error "  - { virtual_key: openai, retry: { initial_backoff_ms: -1 } }")
    assert.are.equal("targets[0].retry.on_status_codes[1]: must be between 300 and 599, got 600",
      target_error "  - { virtual_key: openai, retry: { on_status_codes: [599, 600] } }")
  end)

  it("declare exact models", function()
    local function model_error(models)
      return (target_error(("  - { virtual_key: openai, models: [%s] }"):format(models))
        :gsub('^targets%[0%]%.models%[%d%]: target "openai": ', ""))
    end
    assert.are.equal('models[0] must be a non-empty model id with no surrounding whitespace, got ""', model_error "''")
    assert.are.equal('models[1] must be a non-empty model id with no surrounding whitespace, got " a"',
      model_error "a, ' a'")
    assert.are.equal('models[0] "gpt-*" contains a wildcard; declare each model id exactly', model_error "gpt-*")
    assert.are.equal('models[0] "gpt-?" contains a wildcard; declare each model id exactly', model_error "gpt-?")
    assert.are.equal('models[1] "m" is listed more than once', model_error "m, m")
  end)

  it("have no negative weight", function()
    assert.are.equal('targets[0].weight: target "openai" has negative weight -1',
      target_error "  - { virtual_key: openai, weight: -1 }")
  end)

  it("have an address of a server and nothing else", function()
    local good = { "http://h", "https://h.example:8443/v1", "http://[::1]:80/v1", "HTTP://127.0.0.1:1", "http://a_b/" }
    for _, url in ipairs(good) do
      valid(("targets: [{ name: x, base_url: '%s', api_key: 'k' }]"):format(url))
    end
    local bad = {
      ["ftp://h"] = "must begin with http:// or https://", ["h:80"] = "must begin with http:// or https://",
      ["unix:/x"] = "must begin with http:// or https://", ["http://u:p@h"] = "must not hold a user or password",
      ["http://h/v1?x=1"] = "must not hold a query", ["http://h/#f"] = "must not hold a query or a fragment",
      ["http://h\\@e"] = "that no address may hold", ["http://h/a b"] = "that no address may hold",
      ["http://h/ä"] = "that no address may hold", ["http://"] = "no valid host", ["http://h:x"] = "no valid host",
      ["http://h:65536"] = "a port beyond 65535", ["http://h:0"] = "a port beyond", ["http://[::1"] = "no valid host",
      ["http://a@b:80@c/"] = "must not hold a user or password",
    }
    for url, words in pairs(bad) do
      local message = target_error(("  - { name: x, base_url: '%s', api_key: 'k' }"):format(url))
      assert.is_truthy(message:find(words, 1, true), url .. " -> " .. message)
    end
  end)

  it("need the variable their credential is in", function()
    assert.are.equal("targets[0].api_key: undefined environment variable(s): NOPE",
      target_error "  - { name: x, base_url: http://h, api_key: '${NOPE}' }")
    assert.are.equal("targets[0].api_key: must be written as ${NAME} or in quotes",
      target_error "  - { name: x, base_url: http://h, api_key: sk-plain }")
    assert.are.equal("targets[0].base_url: undefined environment variable(s): NOPE",
      target_error "  - { name: x, base_url: '${NOPE}' }")
    assert.are.equal('targets[0].virtual_key: must be a string, got yes: put it in quotes',
      target_error "  - { virtual_key: yes }")
  end)
end)

describe("aliases", function()
  it("point to models, one level", function()
    local loaded = valid "targets: auto\naliases: { fast: llama, slow: opus }"
    assert.are.same({ fast = "llama", slow = "opus" }, loaded.aliases)
    assert_report({
      "f:3:7: aliases[\"\"]: alias name must not be empty",
      'f:4:6: aliases.a: alias "a" must not map to an empty string',
      'f:5:6: aliases.b: alias "b" must not point to itself',
      'f:6:6: aliases.c: alias "c" points to another alias "d"; chained aliases are not supported',
    }, "targets: auto\naliases:\n  '': x\n  a: ''\n  b: b\n  c: d\n  d: m\n")
  end)
end)

describe("other keys", function()
  it("have the texts of the compatible gateway", function()
    assert_report({ 'f:2:40: compatibility.on_unsupported_param must be one of warn, drop, reject, got ignore' },
      "targets: auto\ncompatibility: { on_unsupported_param: ignore }")
    assert.are.equal(90000, valid("targets: auto\nrequest_timeout: 90s").request_timeout)
  end)

  it("warn of another apiVersion", function()
    local loaded = valid "apiVersion: v2\ntargets: auto"
    assert.are.same({ 'apiVersion "v2" is not v1; the file is read as v1' }, loaded.warnings)
  end)

  it("fit together", function()
    assert_report({ "f:2:22: limits.queue_low: must not be larger than limits.queue_high" },
      "targets: auto\nlimits: { queue_low: 65KiB }")
    assert_report({ "f:2:25: limits.header_value: must not be larger than limits.head" },
      "targets: auto\nlimits: { header_value: 64KiB }")
  end)
end)
