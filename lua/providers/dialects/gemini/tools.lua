-- SPDX-License-Identifier: Apache-2.0
--- Tools and the choice among them as Google reads them.

local json = require "gateway.json"

local failure = require "providers.dialects.neutral.failure"
local neutral = require "providers.dialects.neutral.tools"
local openapi = require "providers.dialects.gemini.schema"
local ordered = require "providers.dialects.neutral.ordered"
local schema = require "providers.dialects.neutral.schema"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

local REFUSED, LONGEST_NAME = "[^%w_%.:%-]", 128

-- Google's own tools, by the key of their element; clients write them either way.
local BUILT_IN = {
  googleSearch = "googleSearch", google_search = "googleSearch", urlContext = "urlContext", url_context = "urlContext",
  codeExecution = "codeExecution", code_execution = "codeExecution", googleMaps = "googleMaps",
  google_maps = "googleMaps", fileSearch = "fileSearch", file_search = "fileSearch",
}

local MODES = { none = "NONE", any = "ANY", tool = "ANY" }

---@return Names
local function new_names()
  return neutral.new_names(REFUSED, LONGEST_NAME)
end

--- A name begins with a letter or an underscore.
local function sent_name(names, name)
  if not names.sent[name] and not name:find "^[%a_]" then
    local sent = neutral.sent_name(names, "_" .. name)
    names.sent[name], names.given[sent] = sent, name
  end
  return neutral.sent_name(names, name)
end

--- One of Google's own tools, or nil.
local function built_in(entry)
  for given, name in pairs(BUILT_IN) do
    local found = typed(entry, given, "table")
    if found then return { [name] = found } end
  end
  return nil
end

-- Members that say nothing while there are no properties.
local SILENT = { ["type"] = true, properties = true, additionalProperties = true, required = true, ["$schema"] = true }

--- Whether a schema is of an object without properties: such a function has no parameters.
local function says_nothing(text)
  for _, entry in ipairs(ordered.members(text)) do
    if not SILENT[entry.key] then return false end
    if entry.key == "properties" and not entry.value:find "^{%s*}$" then return false end
    if entry.key == "additionalProperties" and entry.value ~= "false" then return false end
  end
  return true
end

local function set_schema(made, spec, as_openapi)
  local found = member(spec, "parameters")
  if found == nil then return true end
  local fit = schema.for_tool(json.encode(found))
  if not fit then return false end
  if says_nothing(fit) then return true end
  if as_openapi then
    made.parameters = json.raw(openapi.openapi(fit))
  else
    made.parametersJsonSchema = json.raw(fit)
  end
  return true
end

local function declaration_of(entry, index, draft)
  local where = ("tools[%d]"):format(index - 1)
  local spec = typed(entry, "function", "table")
  local name = spec and typed(spec, "name", "string")
  if typed(entry, "type", "string") ~= "function" or not name then
    return nil, failure.request("only tools of type \"function\" and Google's own can be sent to this provider",
      where, "unsupported_parameter")
  end
  local made = { name = sent_name(draft.names, name), description = neutral.described(spec) }
  if not set_schema(made, spec, draft.openapi) then
    return nil, failure.request("parameters must be a JSON Schema object", where .. ".function.parameters")
  end
  return made, nil, member(spec, "strict") == true
end

---@class GeminiTools
---@field declarations table[] functions
---@field own table[] elements of `tools` that are Google's own
---@field strict boolean one of the functions wants its arguments by the schema

--- The client's tools.
---@param draft GeminiDraft
---@return GeminiTools? tools, Failure? failure
local function tools_of(draft)
  local made = { declarations = json.array {}, own = {}, strict = false }
  for index, entry in ipairs(typed(draft.request, "tools", "table") or {}) do
    local own = built_in(entry)
    if own then
      made.own[#made.own + 1] = own
    else
      local declaration, problem, strict = declaration_of(entry, index, draft)
      if not declaration then return nil, problem end
      made.declarations[#made.declarations + 1] = declaration
      made.strict = made.strict or strict
    end
  end
  return made
end

local function names_of(declarations)
  local list = json.array {}
  for i, declaration in ipairs(declarations) do
    list[i] = declaration.name
  end
  return list
end

--- `functionCallingConfig` for a choice; nil leaves it to the model.
---@param choice Choice?
---@param tools GeminiTools
---@param names Names
---@param traits GeminiTraits
---@return table?
local function calling(choice, tools, names, traits)
  local mode = choice and MODES[choice.kind]
  if not mode then
    return tools.strict and traits.version >= 2.5 and { mode = "VALIDATED" } or nil
  end
  local made = { mode = mode }
  if choice.kind == "tool" then
    made.allowedFunctionNames = json.array { names.sent[choice.name] or choice.name }
  elseif choice.kind == "any" and choice.allowed then
    made.allowedFunctionNames = names_of(tools.declarations)
  end
  return made
end

return { new_names = new_names, sent_name = sent_name, tools_of = tools_of, calling = calling }
