-- SPDX-License-Identifier: Apache-2.0
--- What no single key of a `strategy` can say, the root's or a group's. The texts are those of the compatible gateway
--- (gateway-api 3.3), but for its lists of what there is: ours are longer. What only one strategy knows, its script
--- checks.

local config_groups = require "config_groups"
local config_targets = require "config_targets"
local nodes = require "node"
local plugin_config = require "plugin_config"
local schema = require "schema"
local suggest = require "suggest"

local STRATEGIES = { single = true, fallback = true }

local config_strategy = {}

---@class StrategyBlock one block `strategy` that is looked at
---@field value table
---@field steps (string|integer)[] where it is
---@field names string[]? of the targets it is over; nil: nobody knows yet
---@field members table[]? the same as they were written
---@field script Strategy|true|nil
---@field report fun(steps: (string|integer)[], message: string)

local function say(block, message, ...)
  local steps = { unpack(block.steps) }
  for _, step in ipairs { ... } do steps[#steps + 1] = step end
  block.report(steps, message)
end

-- Names --------------------------------------------------------------------------------------------------------------

local function check_mode(block, modes)
  local mode = block.value.mode
  if mode == "" or mode == nil then
    if #block.steps > 1 then say(block, "strategy.mode is required: how does this group choose among its targets?") end
  elseif mode and not modes[mode] then
    local names = suggest.names(modes)
    say(block, ("unknown strategy mode: %q%s; valid modes: %s"):format(mode, suggest.phrase(mode, names),
      table.concat(names, ", ")), "mode")
  end
end

local function check_key(block, list, position, key)
  local where = ("%s[%d]"):format(list, position - 1)
  if key == nil or key == "" then return say(block, where .. ": target_key is required", list, position) end
  for _, name in ipairs(block.names or { key }) do
    if name == key then return end
  end
  say(block, ("%s: target_key %q names no configured target; declared targets: %s"):format(where, key,
    table.concat(block.names, ", ")), list, position, "target_key")
end

local function check_keys(block)
  for _, list in ipairs { "conditions", "content_conditions", "ab_variants" } do
    for position, entry in ipairs(block.value[list] or {}) do
      if entry and entry.target_key ~= false then check_key(block, list, position, entry.target_key) end
    end
  end
end

-- Weights ------------------------------------------------------------------------------------------------------------

local function has_weight(entries)
  for _, entry in ipairs(entries) do
    local weight = not entry or entry.weight
    if weight == true or weight == false or weight > 0 then return true end
  end
  return false
end

local function check_variants(block)
  local variants = block.value.ab_variants or {}
  for position, variant in ipairs(variants) do
    if variant and variant.weight and variant.weight < 0 then
      say(block, ("ab_variant %q has negative weight %g"):format(variant.label or variant.target_key or position - 1,
        variant.weight), "ab_variants", position, "weight")
    end
  end
  if #variants > 0 and not has_weight(variants) then
    say(block, "ab_variant weights sum to zero; at least one must be positive", "ab_variants")
  end
end

--- Each of these cannot do without.
local NEEDED = {
  conditional = { "conditions", "conditional strategy requires at least one condition" },
  ["content-based"] = { "content_conditions", "content-based strategy requires at least one content_condition" },
  ["ab-test"] = { "ab_variants", "ab-test strategy requires at least one ab_variant" },
}

local function check_needed(block)
  local needed = NEEDED[block.value.mode]
  local list = needed and block.value[needed[1]]
  if needed and list ~= false and #(list or {}) == 0 then say(block, needed[2]) end
  if block.value.mode == "loadbalance" and not has_weight(block.members or {}) then
    say(block, "target weights sum to zero; at least one must be positive")
  end
end

local function check_hedge(block)
  local script = block.script
  if not block.value.hedge or type(script) ~= "table" or not script.named then return end
  say(block, ("strategy.hedge needs a mode that goes on to other targets; %s does not"):format(block.value.mode),
    "hedge")
end

-- The script's own ---------------------------------------------------------------------------------------------------

local ANY = { "any" }

--- Types `config`: as the script's schema says, else as it is written.
local function check_config(run, block)
  local script, written = block.script, block.value.config
  if type(script) ~= "table" or written == false then return end
  local node = written or nodes.empty_map(nodes.at(run.node, block.steps))
  local path = ""
  for _, step in ipairs(block.steps) do path = nodes.join(path, step) end
  local value, found = schema.check(node, script.schema and plugin_config.schema_of(script) or ANY, path .. ".config",
    run.variable)
  for _, problem in ipairs(found) do run.errors[#run.errors + 1] = problem end
  block.value.config = value
  if script.check and #found == 0 then
    script.check(block.value, function(message, ...) say(block, message, ...) end)
  end
end

local function check_block(run, value, steps, members)
  if not value then return end
  local block = { value = value, steps = steps, members = members, report = run.report, script = run.modes[value.mode] }
  if members then
    block.names = {}
    for i, member in ipairs(members) do block.names[i] = run.names[member] end
  end
  check_mode(block, run.modes)
  check_needed(block)
  check_hedge(block)
  check_keys(block)
  check_variants(block)
  check_config(run, block)
end

--- Every rule over the strategies of a document; types their `config`.
---@param document table typed, with holes where a value was refused
---@param node table what it was read from
---@param known { strategies: table<string, Strategy|true>|nil } of this generation
---@param variable fun(name: string): string?
---@param report fun(steps: (string|integer)[], message: string)
---@return SchemaError[] errors of `config`
function config_strategy.check(document, node, known, variable, report)
  local run = {
    node = node, modes = known.strategies or STRATEGIES, variable = variable, report = report, errors = {}, names = {},
  }
  local entries = type(document.targets) == "table" and document.targets or nil
  if entries then run.names = config_groups.names(entries, config_targets.COMPATIBLE) end
  check_block(run, document.strategy, { "strategy" }, entries)
  config_groups.each(entries or {}, function(entry, steps)
    if not entry.targets then return end
    local at = { unpack(steps) }
    at[#at + 1] = "strategy"
    check_block(run, entry.strategy, at, entry.targets)
  end)
  return run.errors
end

--- Who looks at a list: a script of the operator's own may look at any.
local READERS = {
  conditions = "conditional", content_conditions = "content-based", ab_variants = "ab-test",
}
local OURS = {}
for name in ("ab-test conditional content-based cost-optimized fallback least-busy least-latency loadbalance priority "
  .. "rate-aware single sticky"):gmatch "%S+" do OURS[name] = true end

--- What is written and does nothing.
---@param strategy table the root's block
---@return string[]
function config_strategy.warnings(strategy)
  local warnings = {}
  for _, list in ipairs(suggest.names(READERS)) do
    if #(strategy[list] or {}) > 0 and OURS[strategy.mode] and strategy.mode ~= READERS[list] then
      warnings[#warnings + 1] = ("strategy.%s does nothing with mode %s: it belongs to %s"):format(list, strategy.mode,
        READERS[list])
    end
  end
  return warnings
end

return config_strategy
