-- SPDX-License-Identifier: Apache-2.0
local config_text = require "spec.support.config_text"
local routing = require "spec.support.routing"

local known = { providers = config_text.known.providers, strategies = routing.strategies() }

--- All errors of a text, without their places.
local function errors_of(text)
  local _, report = config_text.load(text, {}, nil, known)
  return ((report or "no error"):gsub("f:%d+:%d+: ", ""))
end

local function valid(text)
  local loaded, report = config_text.load(text, {}, nil, known)
  return loaded or error(report, 2)
end

local TARGETS = "targets:\n  - { virtual_key: openai, weight: 1 }\n  - { name: b, provider: anthropic, weight: 0 }\n"

local function strategy_errors(block)
  return errors_of(TARGETS .. "strategy:\n" .. block)
end

--- The one error of one condition.
local function condition_error(condition)
  return (strategy_errors(("  mode: conditional\n  conditions: [%s]\n"):format(condition))
    :gsub("^strategy%.conditions%[0%][%w_.%[%]]*: ", ""))
end

describe("the configuration of a strategy", function()
  it("names a mode there is", function()
    local message = strategy_errors "  mode: loadbalanse\n"
    assert.is_truthy(message:find('unknown strategy mode: "loadbalanse"; did you mean "loadbalance"?; valid modes: '
      .. "ab-test, conditional, content-based, cost-optimized, fallback, least-busy, least-latency, loadbalance, "
      .. "priority, rate-aware, single, sticky", 1, true), message)
  end)

  it("has what its mode cannot do without", function()
    assert.equal("strategy: conditional strategy requires at least one condition",
      strategy_errors "  mode: conditional\n")
    assert.equal("strategy: content-based strategy requires at least one content_condition",
      strategy_errors "  mode: content-based\n")
    assert.equal("strategy: ab-test strategy requires at least one ab_variant", strategy_errors "  mode: ab-test\n")
    assert.equal("no error", strategy_errors "  mode: fallback\n")
  end)

  it("leads to targets there are", function()
    assert.equal("conditions[0]: target_key is required", condition_error "{ key: model, value: m }")
    assert.equal('conditions[0]: target_key "c" names no configured target; declared targets: openai, b',
      condition_error "{ key: model, value: m, target_key: c }")
    assert.is_truthy(strategy_errors "  mode: ab-test\n  ab_variants: [{ target_key: x, weight: 1 }]\n"
      :find('ab_variants[0]: target_key "x" names no configured target; declared targets: openai, b', 1, true))
    assert.is_truthy(strategy_errors(
      "  mode: content-based\n  content_conditions: [{ type: prompt_contains, value: x }]\n")
      :find("content_conditions[0]: target_key is required", 1, true))
  end)

  it("has weights that are worth something", function()
    assert.equal("strategy: target weights sum to zero; at least one must be positive",
      errors_of "targets: [{ virtual_key: openai }]\nstrategy: { mode: loadbalance }")
    assert.equal("strategy: target weights sum to zero; at least one must be positive",
      errors_of "targets: auto\nstrategy: { mode: loadbalance }")
    assert.equal("strategy.ab_variants: ab_variant weights sum to zero; at least one must be positive",
      strategy_errors "  mode: ab-test\n  ab_variants: [{ target_key: b }]\n")
    assert.equal('strategy.ab_variants[0].weight: ab_variant "x" has negative weight -1\n'
      .. "strategy.ab_variants: ab_variant weights sum to zero; at least one must be positive",
      (strategy_errors "  mode: ab-test\n  ab_variants: [{ target_key: b, label: x, weight: -1 }]\n"
        :gsub("^(strategy.ab_variants: [^\n]*)\n(.*)$", "%2\n%1")))
    assert.equal("no error", strategy_errors "  mode: loadbalance\n")
  end)

  it("says what becomes of models without a price", function()
    assert.equal("cost-optimized unpriced_strategy must be one of fallback, skip, allow, got never",
      (strategy_errors "  unpriced_strategy: never\n":gsub("^strategy%.unpriced_strategy: ", "")))
  end)

  it("has a config that the script's schema takes", function()
    assert.same({ explore = 0.1, stale = 2000 },
      valid(TARGETS .. "strategy: { mode: least-latency, config: { explore: 0.1, stale: 2s } }").strategy.config)
    assert.same({ explore = 0.05, stale = 10000 },
      valid(TARGETS .. "strategy: { mode: least-latency }").strategy.config)
    assert.equal('strategy.config.explor: unknown key "explor"; did you mean "explore"?',
      strategy_errors "  mode: least-latency\n  config: { explor: 1 }\n")
  end)

  it("is told what does nothing", function()
    local loaded = valid(TARGETS .. "strategy: { mode: fallback, conditions: [{ key: model, value: m, "
      .. "target_key: b }] }")
    assert.same({ "strategy.conditions does nothing with mode fallback: it belongs to conditional" }, loaded.warnings)
  end)

  it("has no config where its strategy takes none", function()
    assert.equal('strategy.config.by: unknown key "by": nothing can be written here',
      strategy_errors "  mode: fallback\n  config: { by: x }\n")
  end)

  it("may have any config for a script without a schema", function()
    known.strategies.mine = { name = "mine", choose = function(targets) return targets end }
    assert.same({ a = { 1, "x" } }, valid(TARGETS .. "strategy: { mode: mine, config: { a: [1, x] } }").strategy.config)
    known.strategies.mine = nil
  end)
end)

describe("a condition", function()
  it("has a key there is", function()
    local keys = "valid keys: endpoint, header, key, max_tokens, min_tokens, model, model_prefix, stream, tag, time, "
      .. "tools, user"
    assert.equal('conditions[0]: unknown key "modle"; ' .. keys,
      condition_error "{ key: modle, value: m, target_key: b }")
    assert.equal("conditions[0]: key is required; " .. keys, condition_error "{ value: m, target_key: b }")
  end)

  it("has a value of the right kind", function()
    for condition, problem in pairs {
      ["{ key: model, target_key: b }"] = "value is required",
      ["{ key: model, value: 4, target_key: b }"] =
        "value must be a word, or a list of words; a number or true belongs in quotes",
      ["{ key: model, value: false, target_key: b }"] =
        "value must be a word, or a list of words; a number or true belongs in quotes",
      ["{ key: tag, value: [], target_key: b }"] =
        "value must be a word, or a list of words; a number or true belongs in quotes",
      ["{ key: stream, value: sometimes, target_key: b }"] = "value must be true or false",
      ["{ key: min_tokens, value: many, target_key: b }"] = "value must be a whole number of tokens",
      ["{ key: min_tokens, value: '5x', target_key: b }"] = "value must be a whole number of tokens",
      ["{ key: max_tokens, value: -1, target_key: b }"] = "value must be a whole number of tokens",
      ["{ key: time, value: noon, target_key: b }"] =
        'value must be days, hours or both, in UTC: "mon-fri", "08:00-18:00", "sat,sun 22:00-06:00"',
      ["{ key: time, value: '25:00-26:00', target_key: b }"] =
        'value must be days, hours or both, in UTC: "mon-fri", "08:00-18:00", "sat,sun 22:00-06:00"',
      ["{ key: endpoint, value: [chat, chats], target_key: b }"] =
        'value names no endpoint: "chats"; endpoints: chat, completions, count_tokens, embeddings, gemini, '
        .. "gemini_count, gemini_embed, images, images_edits, images_variations, messages, moderations, rerank, "
        .. "responses, speech, transcriptions, translations",
      ["{ key: header, value: x, target_key: b }"] = "name is required: which header?",
      ["{ key: model, name: x, value: x, target_key: b }"] = "name is nothing to model: it is a header's",
    } do
      assert.equal("conditions[0]: " .. problem, condition_error(condition))
    end
  end)

  it("that is right is taken", function()
    for _, condition in ipairs {
      "{ key: header, name: X-A, target_key: b }", "{ key: tag, value: [a, b], target_key: b }",
      "{ key: time, value: 'mon-fri 08:00-18:00', target_key: b }", "{ key: time, value: sat, target_key: b }",
      "{ key: time, value: '00:00-24:00', target_key: b }", "{ key: stream, value: false, target_key: b }",
      "{ key: min_tokens, value: '5', target_key: b }", "{ key: stream, value: 'true', target_key: b }",
      "{ key: min_tokens, value: 1000, also: [{ key: tools, value: true }], target_key: b }",
    } do
      assert.equal("no error", condition_error(condition))
    end
  end)

  it("names the further test that is wrong", function()
    assert.equal("conditions[0].also[1]: value must be true or false", condition_error(
      "{ key: model, value: m, also: [{ key: tools, value: true }, { key: stream, value: x }], target_key: b }"))
  end)
end)

describe("a rule over content", function()
  local function rule_error(rule)
    return (strategy_errors(("  mode: content-based\n  content_conditions: [%s]\n"):format(rule))
      :gsub("^strategy%.content_conditions%[0%]: ", ""))
  end

  it("has a type there is", function()
    assert.equal('content_conditions[0]: unknown type "contains"; valid types: prompt_contains, prompt_not_contains, '
      .. "prompt_regex", rule_error "{ type: contains, value: x, target_key: b }")
  end)

  it("has a value", function()
    assert.equal("content_conditions[0]: value is required", rule_error "{ type: prompt_contains, target_key: b }")
  end)

  it("has a regular expression that is one", function()
    local message = rule_error "{ type: prompt_regex, value: '(a', target_key: b }"
    assert.is_truthy(message:find('^content_conditions%[0%]: invalid regex "%(a": '), message)
    assert.equal("no error", rule_error "{ type: prompt_regex, value: '(?i)a+', target_key: b }")
  end)
end)

describe("a group of targets", function()
  local function group_errors(text) return errors_of("targets:\n" .. text) end

  it("is a tree over a list of targets", function()
    local loaded = valid [[
strategy: { mode: fallback }
targets:
  - virtual_key: openai
  - name: g
    weight: 2
    priority: 1
    strategy: { mode: loadbalance }
    targets:
      - { virtual_key: openai, weight: 1 }
      - name: h
        strategy: { mode: single }
        targets: [{ virtual_key: anthropic }]
  - virtual_key: openai
]]
    local names = {}
    for i, target in ipairs(loaded.targets) do names[i] = target.name end
    assert.same({ "openai", "openai-2", "anthropic", "openai-3" }, names)
    local group = loaded.tree[2]
    assert.same({ "openai", "openai-3" }, { loaded.tree[1], loaded.tree[3] })
    assert.same({ "g", 2, 1, "loadbalance" }, { group.name, group.weight, group.priority, group.strategy.mode })
    assert.equal("openai-2", group.members[1])
    assert.same({ "anthropic" }, group.members[2].members)
  end)

  it("is not there where nobody wrote one", function()
    assert.is_nil(valid(TARGETS).tree)
  end)

  it("has a name, a strategy and targets", function()
    assert.equal('targets[0]: target "0": name is required: a group of targets is called by it\n'
      .. 'targets[0]: target "0": strategy is required: how does this group choose among its targets?',
      group_errors "  - { targets: [{ virtual_key: openai }] }")
    assert.equal('targets[0].targets: target "g": at least one target is required',
      group_errors "  - { name: g, strategy: { mode: single }, targets: [] }")
    assert.equal("targets[0].strategy: strategy.mode is required: how does this group choose among its targets?",
      group_errors "  - { name: g, strategy: {}, targets: [{ virtual_key: openai }] }")
  end)

  it("is no target", function()
    assert.equal('targets[0].virtual_key: target "g": virtual_key belongs to a target, and this is a group of them',
      group_errors "  - { name: g, virtual_key: openai, strategy: { mode: single }, targets: [{ virtual_key: demo }] }")
    assert.equal('targets[0].strategy: target "openai": strategy belongs to a group: it has no targets of its own',
      group_errors "  - { virtual_key: openai, strategy: { mode: single } }")
  end)

  it("has targets as right as any", function()
    assert.equal('targets[0].targets[0].virtual_key: target "opnai": "opnai" is no known provider; '
      .. 'did you mean "openai"?',
      group_errors "  - { name: g, strategy: { mode: single }, targets: [{ virtual_key: opnai }] }")
    assert.equal('targets[0].targets[0].name: target name "g" is already used by targets[0]',
      group_errors "  - { name: g, strategy: { mode: single }, targets: [{ name: g, provider: demo }] }")
  end)

  it("leads to its own targets", function()
    assert.equal("targets[0].strategy.conditions[0].target_key: "
      .. 'conditions[0]: target_key "b" names no configured target; declared targets: openai',
      group_errors("  - { name: g, targets: [{ virtual_key: openai }], strategy: { mode: conditional, "
        .. "conditions: [{ key: model, value: m, target_key: b }] } }\n  - { name: b, provider: demo }"))
  end)

  it("may be led to", function()
    assert.equal("no error", errors_of("strategy: { mode: conditional, conditions: [{ key: model, value: m, "
      .. "target_key: g }] }\ntargets: [{ name: g, strategy: { mode: single }, targets: [{ virtual_key: openai }] }]"))
  end)

  it("is not nested without an end", function()
    local text = "{ virtual_key: openai }"
    for depth = 5, 1, -1 do
      text = ("{ name: g%d, strategy: { mode: single }, targets: [%s] }"):format(depth, text)
    end
    local message = group_errors("  - " .. text)
    assert.is_truthy(message:find('target "g4": groups are nested 4 deep at most', 1, true), message)
  end)
end)
