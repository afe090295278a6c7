-- SPDX-License-Identifier: Apache-2.0
--- Anthropic's tools and the choice among them in OpenAI's form. Tools that Anthropic runs itself have no counterpart
--- and are left out, by name; those that it only names are functions with its schema.

local json = require "gateway.json"

local failure = require "providers.dialects.neutral.failure"
local known = require "providers.dialects.anthropic.face.known_tools"
local schema = require "providers.dialects.neutral.schema"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

local CHOICES = { auto = "auto", any = "required", none = "none" }

local function parameters_of(tool, where)
  local found = member(tool, "input_schema")
  if found == nil then return json.raw(schema.for_tool(nil)) end
  if json.is_raw(found) and not json.text(found):find "^%s*{" then
    return nil, failure.request("input_schema must be a JSON Schema object", where .. ".input_schema")
  end
  return found
end

local function description_of(tool)
  local text = typed(tool, "description", "string")
  return text and not value.blank(text) and text or nil
end

local function function_of(tool, wants, where)
  local name = typed(tool, "name", "string")
  if not name then return nil, failure.request("a tool needs a name", where .. ".name") end
  local parameters, problem = parameters_of(tool, where)
  if not parameters then return nil, problem end
  return {
    type = "function",
    ["function"] = {
      name = name, description = description_of(tool), parameters = parameters,
      strict = typed(tool, "strict", "boolean"),
    },
    cache_control = wants.claude and typed(tool, "cache_control", "table") or nil,
  }
end

--- One tool: a function; or false for one of Anthropic's own.
local function tool_of(tool, wants, where)
  local kind = typed(tool, "type", "string")
  if kind == nil or kind == "custom" then return function_of(tool, wants, where) end
  return known.tool(kind, typed(tool, "name", "string")) or false
end

--- The tools that have a counterpart; the names of the others are added to `dropped`.
---@param request table
---@param wants Wants
---@param dropped string[]
---@return table[]? tools, Failure? failure
local function tools_of(request, wants, dropped)
  local list = json.array {}
  for index, tool in ipairs(typed(request, "tools", "table") or {}) do
    local made, problem = tool_of(tool, wants, ("tools[%d]"):format(index - 1))
    if made == nil then return nil, problem end
    if made then
      list[#list + 1] = made
    else
      dropped[#dropped + 1] = typed(tool, "name", "string") or tool.type
    end
  end
  return list
end

local function has(tools, name)
  for _, tool in ipairs(tools) do
    if tool["function"].name == name then return true end
  end
  return false
end

--- The choice in OpenAI's form; nil where there is nothing to choose.
local function choice_of(choice, tools)
  local kind = typed(choice, "type", "string")
  if kind ~= "tool" then return CHOICES[kind] end
  local name = typed(choice, "name", "string")
  return has(tools, name) and { type = "function", ["function"] = { name = name } } or nil
end

--- Puts the tools and the choice into the body.
---@param body table OpenAI's
---@param context FaceContext
---@param wants Wants
---@return Failure?
local function put(body, context, wants)
  local request = context.request
  local tools, problem = tools_of(request, wants, context.dropped)
  if not tools then return problem end
  if #tools == 0 then return nil end
  local choice = typed(request, "tool_choice", "table")
  local single = typed(choice, "disable_parallel_tool_use", "boolean")
  body.tools, body.tool_choice = tools, choice_of(choice, tools)
  if single ~= nil then body.parallel_tool_calls = not single end
  return nil
end

return { put = put }
