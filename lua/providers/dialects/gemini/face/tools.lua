-- SPDX-License-Identifier: Apache-2.0
--- The tools of Gemini's clients as OpenAI's.

local json = require "gateway.json"

local failure = require "providers.dialects.neutral.failure"
local schema = require "providers.dialects.gemini.face.schema"
local spelt = require "providers.dialects.gemini.spelt"

local function function_of(declaration)
  local name = spelt.typed(declaration, "name", "string")
  if not name then return nil, failure.request("a function declaration needs a name", "tools") end
  local parameters = spelt.member(declaration, "parametersJsonSchema")
  if parameters == nil then parameters = schema.json_schema(spelt.member(declaration, "parameters")) end
  return { type = "function", ["function"] = {
    name = name, description = spelt.typed(declaration, "description", "string"), parameters = parameters,
  } }
end

local function add_functions(list, declarations)
  for _, declaration in ipairs(declarations) do
    local made, problem = function_of(declaration)
    if not made then return problem end
    list[#list + 1] = made
  end
  return nil
end

--- Google's own tools: as they are for who has them, else dropped by name.
local function add_own(list, entry, wants, dropped)
  for name, found in pairs(entry) do
    if name ~= "functionDeclarations" and name ~= "function_declarations" then
      if wants.google then
        list[#list + 1] = { [name] = found }
      else
        dropped[#dropped + 1] = "tools." .. name
      end
    end
  end
end

local function tools_of(request, wants, dropped)
  local list = json.array {}
  local given = spelt.member(request, "tools")
  if type(given) == "table" and given[1] == nil and next(given) then given = { given } end
  for _, entry in ipairs(type(given) == "table" and given or {}) do
    local problem = add_functions(list, spelt.typed(entry, "functionDeclarations", "table") or {})
    if problem then return nil, problem end
    if type(entry) == "table" then add_own(list, entry, wants, dropped) end
  end
  return list
end

local function named(name)
  return { type = "function", ["function"] = { name = name } }
end

local function forced(names)
  if not names or names[1] == nil then return "required" end
  if #names == 1 then return named(names[1]) end
  local list = json.array {}
  for i, name in ipairs(names) do list[i] = named(name) end
  return { type = "allowed_tools", allowed_tools = { mode = "required", tools = list } }
end

local MODES = { AUTO = "auto", VALIDATED = "auto", NONE = "none" }

local function choice_of(request)
  local config = spelt.typed(spelt.typed(request, "toolConfig", "table"), "functionCallingConfig", "table")
  local mode = spelt.typed(config, "mode", "string")
  if not mode then return nil end
  if mode:upper() == "ANY" then return forced(spelt.typed(config, "allowedFunctionNames", "table")) end
  return MODES[mode:upper()]
end

--- Puts tools and their choice into OpenAI's body.
---@param body table
---@param request table
---@param wants Wants
---@param dropped string[] what has no place is named here
---@return Failure?
local function put(body, request, wants, dropped)
  local list, problem = tools_of(request, wants, dropped)
  if not list then return problem end
  if #list == 0 then return nil end
  body.tools, body.tool_choice = list, choice_of(request)
  return nil
end

return { put = put }
