-- SPDX-License-Identifier: Apache-2.0
local config_text = require "spec.support.config_text"
local door = require "gateway.config"

local config = require("gateway.spec").module "config"
local valid = config_text.valid

--- Every error of the text, a line each.
local function assert_report(expected, text, environment)
  assert.are.equal(table.concat(expected, "\n"), config_text.report(text, environment))
end

describe("without a file", function()
  it("every provider with a credential is tried in order", function()
    local loaded = assert(config.load({}, nil, config_text.known))
    assert.are.equal("auto", loaded.targets)
    assert.are.equal("fallback", loaded.strategy.mode)
    assert.is_nil(loaded.source)
  end)

  it("the defaults are those of the documented limits", function()
    local settings = assert(config.load({}, nil)).settings
    local expected = {
      host = "127.0.0.1", port = 8080, workers = 0, drain_ms = 30000, log_level = "info", master_key = "",
      open_proxy = false, max_request_bytes = 33554432, request_line_bytes = 8192, head_bytes = 32768,
      header_count = 100, header_name_bytes = 256, header_value_bytes = 16384, query_parameters = 128,
      requests_per_connection = 10000, connections_per_worker = 16384, connections_per_address = 1024,
      queue_low_bytes = 32768, queue_high_bytes = 65536, queue_cap_bytes = 1048576, first_byte_ms = 10000,
      head_ms = 10000, body_idle_ms = 15000, body_total_ms = 300000, body_rate_bytes = 1024, body_grace_ms = 10000,
      keep_alive_ms = 75000, write_stall_ms = 30000, heartbeat_ms = 15000, upstream_dns_ms = 2000,
      upstream_connect_ms = 3000,
      upstream_first_byte_ms = 60000, upstream_idle_ms = 60000, upstream_total_ms = 600000,
      upstream_pool_idle_ms = 60000, upstream_pool_age_ms = 600000, upstream_pool_idle_max = 1024,
      upstream_body_bytes = 67108864, sse_event_bytes = 8388608, stream_bytes = 268435456, ca_file = "",
      https_proxy = "", http_proxy = "", no_proxy = "", script_cpu_ms = 20, script_memory_bytes = 67108864,
      script_path = "", script_rollback_window_ms = 60000, script_rollback_fault_ppm = 50000,
      script_rollback_p99_us = 20000, recording_path = "", recording_sample_ppm = 1000000,
      client_gone_policy = "cancel", client_gone_routes = "", client_gone_calls = 1000,
      recording_redact = true, recording_bytes = 268435456,
      script_http_allow = "", trusted_proxies = "127.0.0.0/8 ::1/128", address_rate_milli = 0, address_burst = 40,
      overload_memory_bytes = 0, overload_lag_ms = 500, overload_retry_ms = 1000,
    }
    assert.are.same(expected, settings)
  end)

  it("the C side takes the settings as they are", function()
    assert.is_true(door.settings(assert(config.load({}, nil)).settings))
  end)

  it("an empty GATEWAY_CONFIG names no file", function()
    assert.is_nil(assert(config.load({ GATEWAY_CONFIG = "" }, "")).source)
  end)
end)

describe("a file", function()
  it("is the one GATEWAY_CONFIG names", function()
    assert.are.equal("conf/minimal.yaml", assert(config.load({ GATEWAY_CONFIG = "conf/minimal.yaml" })).source)
  end)

  it("may be YAML or JSON by its ending", function()
    assert.are.equal("auto", valid("targets: auto", nil, ".yaml").targets)
    assert.are.equal("auto", valid("targets: auto", nil, ".yml").targets)
    assert.are.equal("auto", valid('{"targets":"auto"}', nil, ".json").targets)
    for path, ending in pairs { ["a.toml"] = ".toml", ["a.d/gateway"] = "", ["a.YAML"] = ".YAML" } do
      local _, errors = config.load({}, path)
      assert.are.equal(('unsupported config file extension "%s": use .json, .yaml, or .yml'):format(ending),
        errors[1].message)
    end
  end)

  it("that cannot be read is named with the reason", function()
    local _, errors = config.load({}, "/nowhere/gateway.yaml")
    assert.are.equal("/nowhere/gateway.yaml: cannot be read: there is no such file",
      config.render_errors("/nowhere/gateway.yaml", errors))
  end)

  it("that is empty has no target", function()
    assert_report({
      "f:1:1: the file is empty", 'f:1:1: targets: at least one target is required (or write "targets: auto")',
    }, "")
  end)

  it("is told syntax errors with line and column", function()
    assert_report({ "f:2:4: mapping values are not allowed in this context" }, "a: 1\n  b: 2\n")
    local report = config_text.report('{"targets": "auto",}', nil, ".json")
    assert.is_truthy(report:find("^f:1:20: JSON: "))
  end)

  it("is told duplicate and unknown keys and wrong values in one go", function()
    assert_report({
      'f:2:1: strateg: unknown key "strateg"; did you mean "strategy"?',
      "f:4:17: server.port: must be between 0 and 65535, got 70000",
      'f:4:24: duplicate key "port": already on line 4',
    }, "targets: auto\nstrateg: { mode: single }\n\nserver: { port: 70000, port: 2 }")
  end)
end)

describe("a security key", function()
  it("is never ignored for being in the wrong place or misspelt", function()
    for _, key in ipairs { "master_key", "masterkey", "master-key", "MASTER_KEY", "masterKey", "master_kye" } do
      local report = config_text.report(("targets: auto\n%s: 'x'"):format(key))
      assert.are.equal(('f:2:1: %s: unknown key "%s" here; did you mean auth.master_key?'):format(key, key), report)
    end
    assert_report({ 'f:2:11: server.master_key: unknown key "master_key" here; did you mean auth.master_key?' },
      "targets: auto\nserver: { master_key: 'x' }")
    assert_report({ 'f:2:9: auth.masterkey: unknown key "masterkey"; did you mean "master_key"?' },
      "targets: auto\nauth: { masterkey: 'x' }")
    assert_report({
      'f:2:1: allow_unauthenticated_proxy: unknown key "allow_unauthenticated_proxy" here; '
        .. "did you mean auth.allow_unauthenticated_proxy?",
    }, "targets: auto\nallow_unauthenticated_proxy: false")
  end)

  it("is never empty by accident", function()
    assert_report({ "f:2:21: auth.master_key: must be a string, got nothing" }, "targets: auto\nauth: { master_key: }")
    assert_report({ "f:2:21: auth.master_key: undefined environment variable(s): KEY" },
      "targets: auto\nauth: { master_key: '${KEY}' }", { KEY = "" })
  end)

  it("is a reference or in quotes, and stays out of messages", function()
    local function key_of(text) return valid(text, { KEY = "s3cret" }).settings.master_key end
    assert.are.equal("s3cret", key_of "targets: auto\nauth:\n  master_key: ${KEY}")
    assert.are.equal("s3cret", key_of "targets: auto\nauth: { master_key: 's3cret' }")
    assert_report({ "f:2:21: auth.master_key: must be written as ${NAME} or in quotes" },
      "targets: auto\nauth: { master_key: s3cret }")
    local report = config_text.report("targets: auto\nauth:\n  master_key: ${KEY}", { KEY = "s3cret\n" })
    assert.are.equal("f:3:15: auth.master_key: must not hold control characters or line breaks", report)
    assert_report({ "f:2:21: auth.master_key: must not begin or end with a space" },
      "targets: auto\nauth: { master_key: 's3cret ' }")
  end)
end)

describe("a scalar readers of YAML disagree about", function()
  it("is refused with what to write", function()
    local cases = {
      ["max_request_bytes: 010"] = "010: write 10", ["max_request_bytes: 1_000"] = "1_000: write 1000",
      ["max_request_bytes: 1e3"] = "1e3: write 1000", ["max_request_bytes: .inf"] = ".inf: write a finite number",
      ["max_request_bytes: 9223372036854775808"] = "9223372036854775808",
      ["server: { port: 12:30 }"] = "12:30: some YAML readers take this for base 60",
      ["server: { workers: 0x10 }"] = "0x10: write 16",
      ["compatibility: { provider_field: yes }"] = "yes: write true",
      ["request_timeout: -5s"] = "request_timeout must be positive, got -5s",
      ["request_timeout: 0"] = "request_timeout must be positive, got 0",
      ["request_timeout: 90"] = "invalid request_timeout: must be a duration such as 90s, 1m30s or 500ms, got 90",
      ["aliases: { a: yes }"] = "yes: put it in quotes",
    }
    for line, words in pairs(cases) do
      local report = config_text.report("targets: auto\n" .. line)
      assert.is_truthy(report and report:find(words, 1, true), line .. " -> " .. tostring(report))
      assert.are.equal("f:2:", report:sub(1, 4))
    end
  end)
end)

describe("the environment", function()
  it("wins over the file", function()
    local text = "targets: auto\nserver: { host: 10.0.0.1, port: 1, workers: 2 }\nlog: { level: debug }\n"
      .. "auth: { master_key: 'file', allow_unauthenticated_proxy: false }"
    local settings = valid(text, {
      HOST = "::", PORT = "9000", WORKERS = "3", LOG_LEVEL = "warning", MASTER_KEY = "env",
      ALLOW_UNAUTHENTICATED_PROXY = "true",
    }).settings
    assert.are.equal("::", settings.host)
    assert.are.equal(9000, settings.port)
    assert.are.equal(3, settings.workers)
    assert.are.equal("warning", settings.log_level)
    assert.are.equal("env", settings.master_key)
    assert.is_true(settings.open_proxy)
  end)

  it("leaves the file alone where a variable is empty", function()
    assert.are.equal(81, valid("targets: auto\nserver: { port: 81 }", { PORT = "", HOST = "" }).settings.port)
  end)

  it("takes 1 and 0 for the switch", function()
    for text, open in pairs { ["1"] = true, ["true"] = true, ["0"] = false, ["false"] = false } do
      assert.are.equal(open, assert(config.load { ALLOW_UNAUTHENTICATED_PROXY = text }).settings.open_proxy)
    end
  end)

  it("is checked like the file", function()
    assert_report({
      "environment: ALLOW_UNAUTHENTICATED_PROXY: must be true or false, got yes: write true",
      'environment: LOG_LEVEL: must be one of debug, info, warn, warning, error, got "inf"; did you mean "info"?',
      "environment: PORT: must be between 0 and 65535, got 70000",
      "environment: WORKERS: must be a whole number, got many",
      "f:2:1: port: unknown key \"port\" here; did you mean server.port?",
    }, "targets: auto\nport: 1", {
      PORT = "70000", WORKERS = "many", LOG_LEVEL = "inf", ALLOW_UNAUTHENTICATED_PROXY = "yes",
    })
  end)

  it("may be in capitals where words are few", function()
    local settings = assert(config.load { LOG_LEVEL = "WARN", ALLOW_UNAUTHENTICATED_PROXY = "True" }).settings
    assert.are.same({ "warn", true }, { settings.log_level, settings.open_proxy })
  end)

  it("may leave the port to the system", function()
    assert.are.equal(0, assert(config.load { PORT = "0" }).settings.port)
    assert_report({ "environment: PORT: must be between 0 and 65535, got -1" }, "targets: auto", { PORT = "-1" })
  end)

  it("does not expand what MASTER_KEY holds", function()
    assert.are.equal("a${B}c", assert(config.load { MASTER_KEY = "a${B}c", B = "x" }).settings.master_key)
  end)

  it("refuses an open proxy in production", function()
    local environment = { GATEWAY_ENV = "production", ALLOW_UNAUTHENTICATED_PROXY = "true" }
    local _, errors = config.load(environment)
    assert.are.equal("environment: GATEWAY_ENV: production refuses ALLOW_UNAUTHENTICATED_PROXY=true",
      config.render_errors(nil, errors))
    assert_report({ "environment: GATEWAY_ENV: production refuses ALLOW_UNAUTHENTICATED_PROXY=true" },
      "targets: auto\nauth: { allow_unauthenticated_proxy: true }", { GATEWAY_ENV = "production" })
    assert.is_truthy(config.load { GATEWAY_ENV = "production" })
  end)

  it("brings the proxies where the file says nothing", function()
    local environment = { HTTPS_PROXY = "http://upper:1", https_proxy = "http://lower:1", NO_PROXY = "localhost" }
    local settings = assert(config.load(environment)).settings
    assert.are.equal("http://lower:1", settings.https_proxy)
    assert.are.equal("localhost,127.0.0.1,::1", settings.no_proxy)
    settings = valid("targets: auto\nupstream: { https_proxy: '' }", environment).settings
    assert.are.equal("", settings.https_proxy)
    assert.are.equal("localhost", settings.no_proxy)
  end)

  it("sends nothing for this machine to a proxy of the environment", function()
    local function exempt(environment, text)
      return valid("targets: auto\n" .. (text or ""), environment).settings.no_proxy
    end
    assert.are.equal("127.0.0.1,::1", exempt { HTTP_PROXY = "http://p:1" })
    assert.are.equal("", exempt {})
    assert.are.equal("", exempt({}, "upstream: { http_proxy: http://p:1 }"))
    assert.are.equal(".lan", exempt({ HTTP_PROXY = "http://p:1" }, "upstream: { no_proxy: .lan }"))
  end)

  it("is told about variables that do nothing yet", function()
    local set = { ENABLE_PPROF = "true", CORS_ORIGINS = "*", API_KEY_STORE_BACKEND = "memory" }
    assert.are.same({
      "CORS_ORIGINS is not supported by this version yet and has no effect",
      "ENABLE_PPROF is not supported by this version yet and has no effect",
    }, assert(config.load(set)).warnings)
    assert.are.same({}, assert(config.load { ENABLE_PPROF = "0" }).warnings)
  end)

  it("sets the limit per client address and the proxies that are believed", function()
    local set = { RATE_LIMIT_RPS = "2.5", RATE_LIMIT_BURST = "7", TRUSTED_PROXIES = " 10.0.0.0/8,, ::1 " }
    local settings = valid("targets: auto\nlimits: { address_rate: 100 }", set).settings
    assert.are.equal(2500, settings.address_rate_milli)
    assert.are.equal(7, settings.address_burst)
    assert.are.equal("10.0.0.0/8 ::1", settings.trusted_proxies)
    assert.are.equal(0, valid("targets: auto\nlimits: { address_rate: 100 }", { RATE_LIMIT_RPS = "0" })
      .settings.address_rate_milli)
  end)

  it("is told which proxy is none and which rate cannot be", function()
    assert_report({
      "environment: RATE_LIMIT_RPS: must be between 0 and 1000000, got -1",
      "environment: TRUSTED_PROXIES: must be an address or a network such as 10.0.0.0/8 or 2001:db8::/32",
    }, "targets: auto", { RATE_LIMIT_RPS = "-1", TRUSTED_PROXIES = "::1,10.0.0.0/33" })
    assert_report({ "f:2:29: server.trusted_proxies[0]: must be an address or a network such as 10.0.0.0/8 "
      .. "or 2001:db8::/32" }, "targets: auto\nserver: { trusted_proxies: [proxy.internal] }")
  end)

  it("is warned of production without a limit per client address", function()
    local warning = "production without a limit per client address: set RATE_LIMIT_RPS or limits.address_rate"
    assert.are.same({ warning }, assert(config.load { GATEWAY_ENV = "production" }).warnings)
    assert.are.same({}, assert(config.load { GATEWAY_ENV = "production", RATE_LIMIT_RPS = "20" }).warnings)
  end)
end)
