-- SPDX-License-Identifier: Apache-2.0
--- What a target's blocks come to, and which cell it has.

local spec = require "gateway.spec"

local policy = spec.module "policy"
local targets = spec.module "targets"

local catalog = { providers = {}, dialects = {} }
for _, name in ipairs { "openai", "ollama", "demo" } do
  catalog.providers[name] = spec.script("providers", name)
  local dialect = catalog.providers[name].dialect
  catalog.dialects[dialect] = spec.script("providers/dialects", dialect)
end

--- The target of an entry.
local function only(entry, document)
  document = document or {}
  document.targets = { entry }
  entry.virtual_key = entry.virtual_key or "openai"
  local function variable(name) return name == "OPENAI_API_KEY" and "key" or nil end
  return assert(targets.build(catalog, document, variable, function() end))[1]
end

describe("the retries of a target", function()
  it("are none without a block", function()
    assert.are.same({ attempts = 1, initial_backoff_ms = 100, retry_ambiguous = false }, only({}).retry)
  end)

  it("are what the block says", function()
    local retry = policy.retry { retry = {
      attempts = 3, on_status_codes = { 503, 429 }, initial_backoff_ms = 0, retry_ambiguous = true,
    } }
    assert.are.same({
      attempts = 3, on_status_codes = { [429] = true, [503] = true }, initial_backoff_ms = 0, retry_ambiguous = true,
    }, retry)
  end)
end)

describe("the breaker of a target", function()
  it("is there only with the block", function()
    assert.is_nil(only({}).breaker)
    assert.is_nil(only({}).concurrency)
  end)

  it("takes 0 for the default", function()
    local block = { failure_threshold = 0, success_threshold = 0, max_half_threshold = 0, timeout = 0 }
    assert.are.same({ failure_threshold = 5, success_threshold = 1, max_half_threshold = 1, timeout_ms = 30000 },
      only({ circuit_breaker = block }).breaker)
  end)

  it("has its window", function()
    local breaker = policy.breaker { circuit_breaker = {
      failure_threshold = 4, success_threshold = 2, max_half_threshold = 3, timeout = 20000,
      window = { duration = 1000, min_requests = 10, error_rate = 0.25 },
    } }
    assert.are.same({
      failure_threshold = 4, success_threshold = 2, max_half_threshold = 3, timeout_ms = 20000,
      window = { ms = 1000, min_requests = 10, error_rate = 0.25 },
    }, breaker)
  end)

  it("stands beside a limit of calls at a time", function()
    assert.are.same({ max = 64, queue_size = 1000, queue_timeout_ms = 5000 },
      policy.concurrency { concurrency = { max_concurrency = 64, queue_size = 0, queue_timeout = 5000 } })
  end)
end)

describe("the cell of a target", function()
  local function key(entry) return only(entry).cell_key end

  it("is kept over a reload that changes something else", function()
    assert.equal(key {}, key { weight = 3, priority = 1, retry = { attempts = 3 }, models = { "x" } })
  end)

  it("is another one for another address, breaker or limit", function()
    local keys, count = {}, 0
    for _, entry in ipairs {
      {}, { base_url = "http://127.0.0.1:9/v1" }, { base_url = "http://127.0.0.1:9/v2" }, { name = "other" },
      { circuit_breaker = {} }, { circuit_breaker = { failure_threshold = 4 } }, { circuit_breaker = { timeout = 1 } },
      { circuit_breaker = { window = { duration = 1, min_requests = 1, error_rate = 1 } } },
      { concurrency = { max_concurrency = 5 } }, { concurrency = { max_concurrency = 5, queue_size = 5 } },
    } do
      local found = key(entry)
      if not keys[found] then count = count + 1 end
      keys[found] = true
    end
    assert.equal(10, count)
  end)

  it("is the same for a block that spells the defaults out", function()
    assert.equal(key { circuit_breaker = {} }, key { circuit_breaker = { failure_threshold = 5, timeout = 30000 } })
  end)

  it("has another place for several credentials when they are others", function()
    local function vault_of(keys)
      local target = only { api_keys = keys }
      target.vault:credential_set(1, "disabled", 1000)
      return target, only({ api_keys = keys }).vault:credential_state(1)
    end
    local _, kept = vault_of { "one-one-one", "two-two-two" }
    assert.equal("disabled", kept)
    assert.is_nil(only({ api_keys = { "one-one-one", "three" } }).vault:credential_state(1))
    assert.is_nil(only({ api_keys = { "one-one-one" } }).vault)
  end)

  it("is there for a target without an address, too", function()
    assert.is_truthy(only({ virtual_key = "demo" }).cell)
  end)
end)
