-- SPDX-License-Identifier: Apache-2.0
--- Tools and the choice among them as Converse reads them.

local crypto = require "gateway.crypto"
local json = require "gateway.json"

local content = require "providers.dialects.bedrock.content"
local ids = require "providers.dialects.neutral.ids"
local neutral = require "providers.dialects.neutral.tools"
local schema = require "providers.dialects.neutral.schema"
local value = require "providers.dialects.neutral.value"

local typed = value.typed

local REFUSED_IN_NAME, REFUSED_IN_ID, LONGEST = "[^%w_%-]", "[^%w_.:%-]", 64
local ANSWER_TOOL = "json_tool_call"
local STUB = '{"type":"object"}'

---@return Names
local function new_names()
  return neutral.new_names(REFUSED_IN_NAME, LONGEST)
end

--- Spells the ids of a request's calls: the same history always the same, different ones different.
---@param model BedrockModel
---@return fun(id: string): string
local function new_ids(model)
  if model.vendor == "mistral" then return ids.nine end
  local spelling = ids.new(REFUSED_IN_ID, LONGEST)
  return function(id)
    -- a cut would make long ids with one beginning alike: their digest does not
    return ids.spell(spelling, #id <= LONGEST and id or crypto.sha256(id):sub(1, LONGEST))
  end
end

---@class Tool
---@field name string the vendor's
---@field description string?
---@field schema userdata raw JSON
---@field cache_control table?

local function tool_of(entry, index, names)
  local spec, problem, name = neutral.spec_of(entry, index)
  if not spec then return nil, problem end
  local fit, unfit = neutral.parameters_of(spec, index, schema.for_tool)
  if not fit then return nil, unfit end
  return {
    name = neutral.sent_name(names, name), description = neutral.described(spec), schema = fit,
    cache_control = typed(entry, "cache_control", "table") or typed(spec, "cache_control", "table"),
  }
end

--- The client's tools, maybe none.
---@param request table
---@param names Names
---@return Tool[]? tools, Failure? failure
local function tools_of(request, names)
  local made = {}
  for index, entry in ipairs(typed(request, "tools", "table") or {}) do
    local tool, problem = tool_of(entry, index, names)
    if not tool then return nil, problem end
    made[index] = tool
  end
  return made
end

--- Stand-ins for tools that only the history names: it is refused without them.
---@param called string[]
---@return Tool[]
local function stubs(called)
  local made = {}
  for i, name in ipairs(called) do made[i] = { name = name, schema = json.raw(STUB) } end
  return made
end

--- The tool through which a model without structured output is made to answer by a schema.
---@param text string schema
---@param names Names
---@return Tool? tool
local function answer_tool(text, names)
  local fit = schema.for_tool(text)
  if not fit then return nil end
  return { name = ids.spell(names.spelling, ANSWER_TOOL), description = "Gives the answer.", schema = json.raw(fit) }
end

--- A choice that a model refuses, said in words.
---@param choice Choice
---@param names Names
---@return string sentence
local function asked(choice, names)
  if choice.kind == "any" then return "Call one of the tools now." end
  return ("Call the tool %s now."):format(names.sent[choice.name] or choice.name)
end

--- `toolConfig.tools`.
---@param list Tool[]
---@param scene Scene
---@return table[]
local function rendered(list, scene)
  local made = json.array {}
  for _, tool in ipairs(list) do
    made[#made + 1] = {
      toolSpec = { name = tool.name, description = tool.description, inputSchema = { json = tool.schema } },
    }
    made[#made + 1] = content.cache_point(scene, tool.cache_control)
  end
  return made
end

--- `toolConfig.toolChoice`; nil leaves it to the model.
---@param choice Choice?
---@param names Names
---@return table?
local function rendered_choice(choice, names)
  if not neutral.is_forced(choice) then return nil end
  if choice.kind == "any" then return { any = {} } end
  return { tool = { name = names.sent[choice.name] or choice.name } }
end

return {
  new_names = new_names,
  new_ids = new_ids,
  tools_of = tools_of,
  stubs = stubs,
  answer_tool = answer_tool,
  asked = asked,
  rendered = rendered,
  rendered_choice = rendered_choice,
  choice_of = neutral.choice_of,
  filtered = neutral.filtered,
  is_unknown = neutral.is_unknown,
  is_forced = neutral.is_forced,
  keep = neutral.keep,
}
