-- SPDX-License-Identifier: Apache-2.0
--- Tools as every vendor's step needs them: the names under which a vendor knows them, and the choice among them.

local ids = require "providers.dialects.neutral.ids"
local failure = require "providers.dialects.neutral.failure"
local json = require "gateway.json"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

---@class Names
---@field sent table<string, string> the client's name to the vendor's
---@field given table<string, string> the vendor's name to the client's, where they differ
---@field spelling Spelling

---@param refused string Lua character class of what the vendor does not accept
---@param longest integer
---@return Names
local function new_names(refused, longest)
  return { sent = {}, given = {}, spelling = ids.new(refused, longest) }
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

--- What a tool's description says; nil when it says nothing: some vendors refuse an empty one.
---@param spec table
---@return string?
local function described(spec)
  local text = typed(spec, "description", "string")
  return text and not value.blank(text) and text or nil
end

--- What one of the client's tools says of itself: a function is all that vendors know.
---@param entry any
---@param index integer
---@return table? spec, Failure? failure, string? name
local function spec_of(entry, index)
  local spec = typed(entry, "function", "table")
  local name = spec and typed(spec, "name", "string")
  if typed(entry, "type", "string") == "function" and name then return spec, nil, name end
  return nil, failure.request('only tools of type "function" can be sent to this provider',
    ("tools[%d]"):format(index - 1), "unsupported_parameter")
end

--- Its schema as the client wrote it where it fits; an object schema where it wrote none.
---@param spec table
---@param index integer
---@param fitting (fun(text: string?): string?) schema.for_tool, or schema.strict
---@return userdata|table|nil parameters, Failure? failure
local function parameters_of(spec, index, fitting)
  local found = member(spec, "parameters")
  local text = found ~= nil and json.encode(found) or nil
  local fit = fitting(text)
  if fit then return fit == text and found or json.raw(fit) end
  return nil, failure.request("parameters must be a JSON Schema object",
    ("tools[%d].function.parameters"):format(index - 1))
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

--- The tools whose names are in `wanted`.
---@param tools table[] with the vendor's names
---@param wanted table<string, boolean>
---@return table[]
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

return {
  new_names = new_names,
  sent_name = sent_name,
  described = described,
  spec_of = spec_of,
  parameters_of = parameters_of,
  choice_of = choice_of,
  keep = keep,
  filtered = filtered,
  is_unknown = is_unknown,
  is_forced = is_forced,
}
