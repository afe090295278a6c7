-- SPDX-License-Identifier: Apache-2.0
--- What no single key of `strategy` can say. The texts are those of the compatible gateway (gateway-api 3.3).

local suggest = require "suggest"

local STRATEGIES = { single = true, fallback = true }
local STRATEGIES_LATER = {
  loadbalance = true, conditional = true, ["least-latency"] = true, ["cost-optimized"] = true,
  ["content-based"] = true, ["ab-test"] = true,
}

local config_strategy = {}

--- Every rule over `strategy`.
---@param value table the typed document, which may have holes where a value was refused
---@param known { strategies: table<string, true>|nil }
---@param report fun(steps: (string|integer)[], message: string)
function config_strategy.check(value, known, report)
  local mode, modes = value.strategy and value.strategy.mode, known.strategies or STRATEGIES
  if not mode or mode == "" or modes[mode] then return end
  local names = suggest.names(modes)
  if STRATEGIES_LATER[mode] then
    report({ "strategy", "mode" }, ("strategy mode %q is not supported by this version yet; valid modes: %s")
      :format(mode, table.concat(names, ", ")))
  else
    report({ "strategy", "mode" }, ("unknown strategy mode: %q%s; valid modes: %s")
      :format(mode, suggest.phrase(mode, names), table.concat(names, ", ")))
  end
end

return config_strategy
