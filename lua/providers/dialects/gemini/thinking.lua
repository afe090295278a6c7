-- SPDX-License-Identifier: Apache-2.0
--- Thinking: what the client asked for, in the words of the model's generation. A budget and a level together are
--- refused, so only one of them is ever made.

local value = require "providers.dialects.neutral.value"

local typed = value.typed

local BUDGETS = { minimal = 1024, low = 1024, medium = 8192, high = 24576, xhigh = 24576, max = 24576 }
local LEVELS = { minimal = "minimal", low = "low", medium = "medium", high = "high", xhigh = "high", max = "high" }

-- Fewest and most tokens of a budget, by line.
local RANGES = { pro = { 128, 32768 }, flash = { 0, 24576 }, ["flash-lite"] = { 512, 24576 } }

local function fit(budget, traits)
  local range = RANGES[traits.line] or RANGES.flash
  return math.max(range[1], math.min(budget, range[2]))
end

--- The least that a model can think: Pro cannot be told to stop.
local function least_budget(traits)
  return traits.line == "pro" and 128 or 0
end

--- Full Flash models from 3.7 on, and Pro, know no level below low.
local function least_level(traits)
  local whole_flash = traits.line == "flash" and traits.version >= 3.7 and traits.version < math.huge
  return (traits.line == "pro" or whole_flash) and "low" or "minimal"
end

local function budget_of(wish, traits)
  if wish == "minimal" and traits.line == "flash-lite" then return 512 end
  return fit(BUDGETS[wish], traits)
end

--- The first Pro of generation 3 knew low and high only.
local function level_of(wish, traits)
  if wish == "minimal" then return least_level(traits) end
  if wish == "medium" and traits.line == "pro" and traits.version == 3 then return "high" end
  return LEVELS[wish]
end

local function off(traits)
  if traits.thinking == "budget" then return { thinkingBudget = least_budget(traits) } end
  return { thinkingLevel = least_level(traits) }
end

local function by_effort(wish, traits)
  if wish == "none" then return off(traits) end
  if not BUDGETS[wish] then return nil end
  if traits.thinking == "budget" then
    return { thinkingBudget = budget_of(wish, traits), includeThoughts = true }
  end
  return { thinkingLevel = level_of(wish, traits), includeThoughts = true }
end

local function effort_of_budget(budget)
  if budget < 2048 then return "low" end
  return budget < 16384 and "medium" or "high"
end

--- An Anthropic `thinking` object, which many clients send whatever the model is.
local function by_object(given, traits)
  if given.type == "disabled" then return off(traits) end
  local budget = typed(given, "budget_tokens", "number")
  if given.type ~= "enabled" or not budget then return nil end
  if traits.thinking == "budget" then return { thinkingBudget = fit(budget, traits), includeThoughts = true } end
  return by_effort(effort_of_budget(budget), traits)
end

--- `generationConfig.thinkingConfig`; nil leaves it to the model. Models before 2.5 refuse any.
---@param request table
---@param traits GeminiTraits
---@return table?
local function config(request, traits)
  if not traits.thinking then return nil end
  local given, wish = typed(request, "thinking", "table"), typed(request, "reasoning_effort", "string")
  return given and by_object(given, traits) or wish and by_effort(wish, traits) or nil
end

return { config = config, effort_of_budget = effort_of_budget }
