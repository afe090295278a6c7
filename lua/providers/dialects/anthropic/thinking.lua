-- SPDX-License-Identifier: Apache-2.0
--- Thinking and effort: what the client asked for, in the words of the model's generation.

local value = require "providers.dialects.neutral.value"

local typed = value.typed

---@class Thought
---@field thinking table? the request's `thinking`
---@field effort string? the request's `output_config.effort`

local BUDGETS = { minimal = 1024, low = 1024, medium = 2048, high = 4096, xhigh = 8192, max = 16384 }

-- The first of these that the model knows.
local EFFORTS = {
  minimal = { "low" }, low = { "low" }, medium = { "medium" }, high = { "high" },
  xhigh = { "xhigh", "max", "high" }, max = { "max", "high" },
}

local SMALLEST_BUDGET, ROOM = 1024, 4096

local function adaptive()
  return { type = "adaptive", display = "summarized" }
end

local function effort_for(traits, wish)
  for _, effort in ipairs(EFFORTS[wish]) do
    if traits.efforts[effort] then return effort end
  end
  return nil
end

local function effort_of_budget(budget)
  if budget < 2048 then return "low" end
  return budget < 8192 and "medium" or "high"
end

--- No thinking: nothing to send where the model does not think unasked, its own switch where it does, the least effort
--- where it has none.
---@param traits Traits
---@return Thought
local function off(traits)
  if traits.thinks == "asked" then return {} end
  if traits.thinks == "always" then return { effort = "low" } end
  if traits.thinking.disabled then return { thinking = { type = "disabled" } } end
  return { thinking = { type = "between_tools" } }
end

local function by_effort(traits, wish)
  if wish == "none" then return off(traits) end
  if not EFFORTS[wish] then return {} end
  if traits.thinking.adaptive then return { thinking = adaptive(), effort = effort_for(traits, wish) } end
  if traits.thinking.enabled then
    return { thinking = { type = "enabled", budget_tokens = BUDGETS[wish] } }
  end
  return {}
end

local function convert(traits, given)
  local budget = typed(given, "budget_tokens", "number") or 2048
  if given.type == "disabled" or given.type == "between_tools" then return off(traits) end
  if traits.thinking.adaptive then
    return { thinking = adaptive(), effort = effort_for(traits, effort_of_budget(budget)) }
  end
  if traits.thinking.enabled then return { thinking = { type = "enabled", budget_tokens = 2048 } } end
  return {}
end

--- An Anthropic `thinking` object in the client's body: as given where the model takes its type.
local function by_object(traits, given, wish)
  local thought = traits.thinking[given.type] and { thinking = given } or convert(traits, given)
  if not thought.effort and EFFORTS[wish] then thought.effort = effort_for(traits, wish) end
  return thought
end

--- What the client asks for; `reasoning_effort` still sets the effort beside a `thinking` object.
---@param request table
---@param traits Traits
---@return Thought
local function of_request(request, traits)
  local given, wish = typed(request, "thinking", "table"), typed(request, "reasoning_effort", "string")
  if given and typed(given, "type", "string") then return by_object(traits, given, wish) end
  return wish and by_effort(traits, wish) or {}
end

---@param thought Thought
---@return boolean
local function is_on(thought)
  local kind = thought.thinking and thought.thinking.type
  return kind == "enabled" or kind == "adaptive"
end

--- The same request with thinking off, because a forced tool or answer excludes it. The effort stays, except where the
--- model refuses high ones without thinking.
---@param thought Thought
---@param traits Traits
---@return Thought
local function without(thought, traits)
  local plain = off(traits)
  local effort = thought.effort or plain.effort
  if plain.thinking and (effort == "xhigh" or effort == "max") then effort = "high" end
  return { thinking = plain.thinking, effort = effort }
end

--- Room for a thinking budget: more output tokens, else a smaller budget.
---@param thought Thought
---@param max_tokens integer
---@param longest integer
---@return integer max_tokens
local function make_room(thought, max_tokens, longest)
  local given = thought.thinking
  local budget = given and given.type == "enabled" and typed(given, "budget_tokens", "number")
  if not budget or budget < max_tokens then return max_tokens end
  local raised = math.min(budget + ROOM, longest)
  if budget >= raised then
    thought.thinking = { type = "enabled", budget_tokens = math.max(SMALLEST_BUDGET, raised - ROOM) }
  end
  return raised
end

local function is_replayable(block)
  local kind = typed(block, "type", "string")
  if kind == "redacted_thinking" then return typed(block, "data", "string") ~= nil end
  local signature = typed(block, "signature", "string")
  return kind == "thinking" and signature ~= nil and signature ~= ""
end

--- The blocks of an earlier answer that Anthropic will take back: signed ones, unchanged, in order.
---@param blocks table[]?
---@return table[]
local function replayed(blocks)
  local kept = {}
  for _, block in ipairs(blocks or {}) do
    if is_replayable(block) then kept[#kept + 1] = block end
  end
  return kept
end

return {
  of_request = of_request,
  is_on = is_on,
  without = without,
  make_room = make_room,
  replayed = replayed,
}
