-- SPDX-License-Identifier: Apache-2.0
--- Tools of the Responses API as those of chat. A custom tool, which takes free text, goes as a function with one
--- string: few servers know chat's own custom tools, every one that calls tools at all knows functions.

local failure = require "providers.dialects.neutral.failure"
local json = require "gateway.json"
local shape = require "providers.dialects.openai.shape"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

local INPUT = json.raw(
  '{"type":"object","properties":{"input":{"type":"string"}},"required":["input"],"additionalProperties":false}')

local function named(tool, path)
  local name = typed(tool, "name", "string")
  if name and not value.blank(name) then return name end
  return nil, failure.request("a tool must have a name", path .. ".name")
end

local function function_tool(_, tool, path)
  local name, problem = named(tool, path)
  if not name then return nil, problem end
  return {
    type = "function",
    ["function"] = {
      name = name, description = typed(tool, "description", "string"), parameters = member(tool, "parameters"),
      strict = typed(tool, "strict", "boolean"),
    },
  }
end

--- What the grammar says, where the model can read it.
local function with_grammar(description, format)
  if typed(format, "type", "string") ~= "grammar" then return description end
  local rule = ("The input must match this %s grammar:\n%s"):format(
    typed(format, "syntax", "string") or "", typed(format, "definition", "string") or "")
  return description and description .. "\n\n" .. rule or rule
end

local function own_custom(tool, name)
  local format = typed(tool, "format", "table")
  if typed(format, "type", "string") == "grammar" then
    format = {
      type = "grammar", grammar = { definition = member(format, "definition"), syntax = member(format, "syntax") },
    }
  end
  return {
    type = "custom", custom = { name = name, description = typed(tool, "description", "string"), format = format },
  }
end

local function custom_tool(made, tool, path)
  local name, problem = named(tool, path)
  if not name then return nil, problem end
  if made.wants.custom then return own_custom(tool, name) end
  made.custom[name] = true
  local description = with_grammar(typed(tool, "description", "string"), typed(tool, "format", "table"))
  return { type = "function", ["function"] = { name = name, description = description, parameters = INPUT } }
end

local MAKE = { ["function"] = function_tool, custom = custom_tool }

local function tool_of(made, tool, path)
  local kind = typed(tool, "type", "string")
  if not kind then return nil, failure.request("a tool must be an object with a type", path) end
  local make = MAKE[kind]
  if make then return make(made, tool, path) end
  return nil, shape.leave_out(made.context, "tools." .. kind, path)
end

local function add_tools(made)
  local list = member(made.request, "tools")
  if list == nil then return nil end
  if not json.is_array(list) then return failure.request("tools must be an array", "tools") end
  local tools = json.array {}
  for at, tool in ipairs(list) do
    local one, problem = tool_of(made, tool, ("tools[%d]"):format(at - 1))
    if problem then return problem end
    tools[#tools + 1] = one
  end
  if #tools > 0 then made.body.tools = tools end
  return nil
end

-- The choice ---------------------------------------------------------------------------------------------------------

local PLAIN = { none = true, auto = true, required = true }

local function name_of(tool)
  return tool[tool.type].name
end

--- The tool of a name, as a choice.
local function chosen(made, name)
  for _, tool in ipairs(made.body.tools or {}) do
    if name_of(tool) == name then return { type = tool.type, [tool.type] = { name = name } } end
  end
  return nil
end

local function one_of(made, choice)
  local name = typed(choice, "name", "string")
  if not name then return failure.request("tool_choice must name a tool", "tool_choice.name") end
  local wanted = chosen(made, name)
  if not wanted then
    return failure.request(("tool_choice names %q, which is not among the tools"):format(name), "tool_choice")
  end
  made.body.tool_choice = wanted
  return nil
end

--- Only the allowed tools are sent: that every server understands.
local function some_of(made, choice)
  local wanted, kept = {}, json.array {}
  for _, tool in ipairs(typed(choice, "tools", "table") or {}) do
    wanted[typed(tool, "name", "string") or ""] = true
  end
  for _, tool in ipairs(made.body.tools or {}) do
    if wanted[name_of(tool)] then kept[#kept + 1] = tool end
  end
  made.body.tools = #kept > 0 and kept or nil
  if #kept > 0 then made.body.tool_choice = typed(choice, "mode", "string") == "required" and "required" or "auto" end
  return nil
end

local CHOOSE = { ["function"] = one_of, custom = one_of, allowed_tools = some_of }

--- Without tools there is no choice; of a tool of OpenAI's own neither.
local function add_choice(made)
  local choice = member(made.request, "tool_choice")
  if choice == nil or not made.body.tools then return nil end
  if PLAIN[choice] then
    made.body.tool_choice = choice
    return nil
  end
  local kind = typed(choice, "type", "string")
  if not kind then
    return failure.request("tool_choice must be none, auto, required, or an object with a type", "tool_choice")
  end
  local choose = CHOOSE[kind]
  if choose then return choose(made, choice) end
  return shape.leave_out(made.context, "tool_choice." .. kind, "tool_choice")
end

--- Puts `tools`, `tool_choice` and `parallel_tool_calls` into the chat body.
---@param made ResponsesDraft
---@return Failure?
local function add(made)
  local problem = add_tools(made) or add_choice(made)
  if problem then return problem end
  if made.body.tools then made.body.parallel_tool_calls = typed(made.request, "parallel_tool_calls", "boolean") end
  return nil
end

--- The text that a call of a custom tool carries; what is no such object is taken as it is.
---@param arguments string
---@return string
local function custom_input(arguments)
  local decoded = json.decode(arguments)
  return json.is_object(decoded) and typed(decoded, "input", "string") or arguments
end

return { add = add, custom_input = custom_input }
