-- SPDX-License-Identifier: Apache-2.0
--- Tools, the choice among them, and the names under which Anthropic knows them.

local json = require "gateway.json"

local failure = require "providers.dialects.neutral.failure"
local ids = require "providers.dialects.neutral.ids"
local schema = require "providers.dialects.neutral.schema"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

local REFUSED, LONGEST_NAME = "[^%w_%-]", 128
local ANSWER_TOOL = "json_tool_call"

---@class Names
---@field sent table<string, string> the client's name to the vendor's
---@field given table<string, string> the vendor's name to the client's, where they differ
---@field spelling Spelling

---@return Names
local function new_names()
  return { sent = {}, given = {}, spelling = ids.new(REFUSED, LONGEST_NAME) }
end

--- The vendor's name for a tool of the client.
---@param names Names
---@param name string
---@return string
local function sent_name(names, name)
  local sent = names.sent[name]
  if sent then return sent end
  sent = ids.spell(names.spelling, name)
  names.sent[name] = sent
  if sent ~= name then names.given[sent] = name end
  return sent
end

local function described(spec)
  local text = typed(spec, "description", "string")
  return text and not value.blank(text) and text or nil
end

local function fill_schema(made, spec, traits)
  local found = member(spec, "parameters")
  local text = found ~= nil and json.encode(found) or nil
  local strict = member(spec, "strict") == true and traits.structured
  local fit = (strict and schema.strict or schema.for_tool)(text)
  if not fit then return false end
  made.strict = strict or nil
  made.input_schema = fit == text and found or json.raw(fit)
  return true
end

local function tool_of(entry, index, names, traits)
  local where = ("tools[%d]"):format(index - 1)
  local spec = typed(entry, "function", "table")
  local name = spec and typed(spec, "name", "string")
  if typed(entry, "type", "string") ~= "function" or not name then
    return nil, failure.request("only tools of type \"function\" can be sent to this provider", where,
      "unsupported_parameter")
  end
  local made = {
    name = sent_name(names, name), description = described(spec),
    cache_control = typed(entry, "cache_control", "table") or typed(spec, "cache_control", "table"),
  }
  if not fill_schema(made, spec, traits) then
    return nil, failure.request("parameters must be a JSON Schema object", where .. ".function.parameters")
  end
  return made
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

---@class Choice what the client wants of the tools
---@field kind "auto"|"none"|"any"|"tool"
---@field name string? the client's name of the one tool
---@field allowed table<string, boolean>? the client's names of the only tools to send

local PLAIN = { auto = "auto", none = "none", required = "any", any = "any" }

local function allowed_choice(spec)
  local allowed = {}
  for _, entry in ipairs(typed(spec, "tools", "table") or {}) do
    local named = typed(typed(entry, "function", "table"), "name", "string")
    if named then allowed[named] = true end
  end
  return { kind = PLAIN[typed(spec, "mode", "string") or "auto"] or "auto", allowed = allowed }
end

local function object_choice(choice)
  local kind = typed(choice, "type", "string")
  if kind == "allowed_tools" then return allowed_choice(typed(choice, "allowed_tools", "table")) end
  local name = typed(typed(choice, "function", "table"), "name", "string")
  if kind == "function" and name then return { kind = "tool", name = name } end
  return nil
end

--- What `tool_choice` says; nil when it says nothing.
---@param request table
---@return Choice? choice, Failure? failure
local function choice_of(request)
  local found = member(request, "tool_choice")
  if found == nil then return nil end
  local choice
  if type(found) == "string" then
    choice = PLAIN[found] and { kind = PLAIN[found] }
  else
    choice = object_choice(found)
  end
  if choice then return choice end
  return nil, failure.request("tool_choice must be none, auto, required, or name a function", "tool_choice")
end

local function keep(tools, wanted)
  local kept = json.array {}
  for _, tool in ipairs(tools) do
    if wanted[tool.name] then kept[#kept + 1] = tool end
  end
  return kept
end

--- Only the tools that the choice allows, under the vendor's names.
---@param tools table[]
---@param choice Choice?
---@param names Names
---@return table[]
local function filtered(tools, choice, names)
  if not choice or not choice.allowed then return tools end
  local wanted = {}
  for name in pairs(choice.allowed) do
    wanted[names.sent[name] or name] = true
  end
  return keep(tools, wanted)
end

--- Whether the choice names a tool that is not among the client's.
---@param tools table[]
---@param choice Choice?
---@param names Names
---@return boolean
local function is_unknown(tools, choice, names)
  if not choice or choice.kind ~= "tool" then return false end
  return #keep(tools, { [names.sent[choice.name] or choice.name] = true }) == 0
end

---@param choice Choice?
---@return boolean
local function is_forced(choice)
  return choice ~= nil and (choice.kind == "any" or choice.kind == "tool")
end

--- A choice that this model refuses, said in words: the tools to send, and the sentence for `system`.
---@param tools table[]
---@param choice Choice
---@param names Names
---@return table[] tools, string sentence
local function asked(tools, choice, names)
  if choice.kind == "any" then return tools, "Call one of the tools now." end
  local sent = names.sent[choice.name] or choice.name
  return keep(tools, { [sent] = true }), ("Call the tool %s now."):format(sent)
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
  sent_name = sent_name,
  tools_of = tools_of,
  choice_of = choice_of,
  filtered = filtered,
  is_unknown = is_unknown,
  is_forced = is_forced,
  asked = asked,
  rendered = rendered,
  answer_tool = answer_tool,
}
