-- SPDX-License-Identifier: Apache-2.0
--- The keys that say how a target fails: breaker, concurrency, health checks, credentials, retries.

local config_text = require "spec.support.config_text"

local valid = config_text.valid

local function target(text)
  return valid("targets:\n  - { virtual_key: openai, " .. text .. " }\n").targets[1]
end

--- The errors of one target, a line each, behind "f:LINE:COLUMN: targets[0].".
local function errors(text, environment)
  local report = config_text.report("targets:\n  - { virtual_key: openai, " .. text .. " }\n", environment)
  return (report:gsub("f:2:%d+: targets%[0%]%.", ""))
end

describe("a circuit breaker", function()
  it("is there only where the block is", function()
    assert.is_nil(target("weight: 1").circuit_breaker)
    assert.are.same({ failure_threshold = 5, success_threshold = 1, max_half_threshold = 1, timeout = 30000 },
      target("circuit_breaker: {}").circuit_breaker)
  end)

  it("has a window only where it is asked for", function()
    local window = target("circuit_breaker: { window: {} }").circuit_breaker.window
    assert.are.same({ duration = 30000, min_requests = 20, error_rate = 0.5 }, window)
  end)

  it("takes Go's durations", function()
    assert.equal(90500, target("circuit_breaker: { timeout: 1m30.5s }").circuit_breaker.timeout)
    assert.equal(0, target("circuit_breaker: { timeout: 0s }").circuit_breaker.timeout)
  end)

  it("says what is wrong with it, all at once", function()
    assert.equal(table.concat({
      'circuit_breaker.failure_threshold: target "openai": circuit_breaker.failure_threshold cannot be negative, '
        .. "got -1 (omit the field, or set 0, for the default)",
      'circuit_breaker.timeout: invalid circuit_breaker.timeout "soon": must be a duration such as 90s, 1m30s or '
        .. "500ms, got soon",
    }, "\n"), errors "circuit_breaker: { failure_threshold: -1, timeout: soon }")
    assert.equal('circuit_breaker.success_threshold: target "openai": circuit_breaker.success_threshold cannot be '
      .. "negative, got -2 (omit the field, or set 0, for the default)",
      errors "circuit_breaker: { success_threshold: -2 }")
    assert.equal("circuit_breaker.timeout: circuit_breaker.timeout cannot be negative, got -5s",
      errors "circuit_breaker: { timeout: -5s }")
    assert.equal("circuit_breaker.window.error_rate: must be between 0.01 and 1, got 1.5",
      errors "circuit_breaker: { window: { error_rate: 1.5 } }")
  end)

  it("shows a malformed time as it was written, whatever is in it", function()
    assert.is_truthy(errors("circuit_breaker: { timeout: '5%s%d' }"):find('timeout "5%s%d": must be', 1, true))
  end)
end)

describe("concurrency", function()
  it("is unlimited without the block", function()
    assert.is_nil(target("weight: 1").concurrency)
    assert.are.same({ max_concurrency = 64, queue_size = 1000, queue_timeout = 5000 },
      target("concurrency: { max_concurrency: 64 }").concurrency)
  end)

  it("is a number from 1 to 10000", function()
    local unlimited = 'concurrency.max_concurrency: target "openai": concurrency.max_concurrency must be positive '
      .. "(omit the concurrency block to leave the target unlimited)"
    assert.equal(unlimited, errors "concurrency: { max_concurrency: 0 }")
    assert.equal(unlimited, errors "concurrency: { max_concurrency: -3 }")
    assert.equal((unlimited:gsub("^[^:]*: ", "concurrency: ", 1)),
      (errors("concurrency: { queue_size: 1 }"):gsub("^[^:]*: ", "concurrency: ", 1)))
    assert.equal('concurrency.max_concurrency: target "openai": concurrency.max_concurrency 10001 exceeds the limit '
      .. "of 10000", errors "concurrency: { max_concurrency: 10001 }")
    assert.equal(10000, target("concurrency: { max_concurrency: 10000 }").concurrency.max_concurrency)
  end)

  it("has a queue from none to 100000 long", function()
    assert.equal('concurrency.queue_size: target "openai": concurrency.queue_size cannot be negative, got -1',
      errors "concurrency: { max_concurrency: 1, queue_size: -1 }")
    assert.equal('concurrency.queue_size: target "openai": concurrency.queue_size 100001 exceeds the limit of 100000',
      errors "concurrency: { max_concurrency: 1, queue_size: 100001 }")
  end)
end)

describe("several credentials", function()
  it("come from the environment as well", function()
    local loaded = valid('targets: [{ virtual_key: openai, api_keys: ["${A}", "${B}"] }]', { A = "one", B = "two" })
    assert.are.same({ "one", "two" }, loaded.targets[1].api_keys)
  end)

  it("are no secret that is written in the clear", function()
    assert.equal("api_keys[0]: must be written as ${NAME} or in quotes", errors "api_keys: [sk-plain]")
  end)

  it("are told apart, and never shown", function()
    local report = errors('api_key: "${A}", api_keys: ["${B}", "${A}", "${B}"]', { A = "hush-1", B = "hush-2" })
    assert.equal('api_keys[1]: target "openai": api_keys[1] is the same as api_key\n'
      .. 'api_keys[2]: target "openai": api_keys[2] is the same as api_keys[0]', report)
    assert.is_nil(report:find "hush")
  end)

  it("are at least one and at most 32", function()
    assert.equal("api_keys: must have 1 to 32 items, got 0", errors "api_keys: []")
  end)
end)

describe("health checks", function()
  it("are there only where they are asked for", function()
    assert.is_nil(target("weight: 1").health_check)
    assert.are.same({ interval = 10000, timeout = 5000, unhealthy_after = 3, healthy_after = 2 },
      target("health_check: {}").health_check)
  end)

  it("ask for a path", function()
    assert.equal("health_check.path: must begin with / and hold no spaces, got models",
      errors "health_check: { path: models }")
  end)
end)

describe("the retry budget", function()
  it("is a fifth of the requests unless it is said otherwise", function()
    assert.are.same({ ratio = 0.2, min_per_second = 10 }, valid("targets: auto").retry_budget)
    assert.are.same({ ratio = 0, min_per_second = 0.5 },
      valid("targets: auto\nretry_budget: { ratio: 0, min_per_second: 0.5 }").retry_budget)
  end)
end)

describe("the time-outs of all targets", function()
  it("are told apart from those that nobody wrote", function()
    local loaded = valid "targets: auto\ntimeouts: { upstream: { total: 5m } }"
    assert.are.same({ dns = 2000, total = 300000 }, loaded.timeouts.upstream)
    assert.equal(60000, loaded.settings.upstream_first_byte_ms)
    assert.equal(300000, loaded.settings.upstream_total_ms)
  end)
end)
