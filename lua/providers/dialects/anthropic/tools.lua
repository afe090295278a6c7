-- SPDX-License-Identifier: Apache-2.0
--- Tools and the choice among them as Anthropic reads them.

local json = require "gateway.json"

local ids = require "providers.dialects.neutral.ids"
local neutral = require "providers.dialects.neutral.tools"
local schema = require "providers.dialects.neutral.schema"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

local REFUSED, LONGEST_NAME = "[^%w_%-]", 128
local ANSWER_TOOL = "json_tool_call"

---@return Names
local function new_names()
  return neutral.new_names(REFUSED, LONGEST_NAME)
end

local function tool_of(entry, index, names, traits)
  local spec, problem, name = neutral.spec_of(entry, index)
  if not spec then return nil, problem end
  local strict = member(spec, "strict") == true and traits.structured
  local parameters, unfit = neutral.parameters_of(spec, index, strict and schema.strict or schema.for_tool)
  if not parameters then return nil, unfit end
  return {
    name = neutral.sent_name(names, name), description = neutral.described(spec), input_schema = parameters,
    cache_control = typed(entry, "cache_control", "table") or typed(spec, "cache_control", "table"),
    strict = strict or nil,
  }
end

--- The client's tools; nil without a failure when there are none.
---@param request table
---@param names Names
---@param traits Traits
---@return table[]? tools, Failure? failure
local function tools_of(request, names, traits)
  local list = typed(request, "tools", "table")
  if not list or not list[1] then return nil end
  local made = json.array {}
  for index, entry in ipairs(list) do
    local tool, problem = tool_of(entry, index, names, traits)
    if not tool then return nil, problem end
    made[index] = tool
  end
  return made
end

--- A choice that this model refuses, said in words: the tools to send, and the sentence for `system`.
---@param tools table[]
---@param choice Choice
---@param names Names
---@return table[] tools, string sentence
local function asked(tools, choice, names)
  if choice.kind == "any" then return tools, "Call one of the tools now." end
  local sent = names.sent[choice.name] or choice.name
  return neutral.keep(tools, { [sent] = true }), ("Call the tool %s now."):format(sent)
end

--- `tool_choice` as Anthropic reads it; nil leaves it to the vendor.
---@param request table
---@param choice Choice?
---@param names Names
---@return table?
local function rendered(request, choice, names)
  local single = member(request, "parallel_tool_calls") == false
  if not choice and not single then return nil end
  local made = { type = choice and choice.kind or "auto" }
  if choice and choice.kind == "tool" then made.name = names.sent[choice.name] or choice.name end
  if single and made.type ~= "none" then made.disable_parallel_tool_use = true end
  return made
end

--- The tool through which a model without structured output is made to answer by a schema.
---@param text string schema
---@param names Names
---@return table? tool
local function answer_tool(text, names)
  local fit = schema.for_tool(text)
  if not fit then return nil end
  local name = ids.spell(names.spelling, ANSWER_TOOL)
  return { name = name, description = "Gives the answer.", input_schema = json.raw(fit) }
end

return {
  new_names = new_names,
  sent_name = neutral.sent_name,
  tools_of = tools_of,
  choice_of = neutral.choice_of,
  filtered = neutral.filtered,
  is_unknown = neutral.is_unknown,
  is_forced = neutral.is_forced,
  asked = asked,
  rendered = rendered,
  answer_tool = answer_tool,
}
