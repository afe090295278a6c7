-- SPDX-License-Identifier: Apache-2.0
--- A client's tools for vendors that take OpenAI's own shape of them: each with an object schema, and only those that
--- the choice allows.

local failure = require "providers.dialects.neutral.failure"
local json = require "gateway.json"
local schema = require "providers.dialects.neutral.schema"
local tools = require "providers.dialects.neutral.tools"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

local function tool_of(entry, index)
  local spec, problem, name = tools.spec_of(entry, index)
  if not spec then return nil, problem end
  local parameters, unfit = tools.parameters_of(spec, index, schema.for_tool)
  if not parameters then return nil, unfit end
  return {
    type = "function",
    ["function"] = { name = name, description = tools.described(spec), parameters = parameters },
  }, nil, member(spec, "strict") == true
end

local function all_of(request)
  local list, strict = json.array {}, false
  for index, entry in ipairs(typed(request, "tools", "table") or {}) do
    local made, problem, is_strict = tool_of(entry, index)
    if not made then return nil, problem end
    list[index], strict = made, strict or is_strict
  end
  return list, nil, strict
end

--- One that is named, or those of `allowed_tools`.
local function chosen(list, choice)
  local allowed = choice and (choice.allowed or choice.kind == "tool" and { [choice.name] = true })
  if not allowed then return list end
  local kept = json.array {}
  for _, tool in ipairs(list) do
    if allowed[tool["function"].name] then kept[#kept + 1] = tool end
  end
  return kept
end

---@class Functions
---@field list table[] the tools that may be called, maybe none
---@field choice Choice? what the client wants of them
---@field strict boolean one of them is to be followed to the letter

--- The tools of a request, and what the client wants of them.
---@param request table
---@return Functions? functions, Failure? failure
local function of(request)
  local list, problem, strict = all_of(request)
  if not list then return nil, problem end
  if #list == 0 then return { list = list, strict = false } end
  local choice, bad_choice = tools.choice_of(request)
  if bad_choice then return nil, bad_choice end
  local kept = chosen(list, choice)
  if choice and choice.kind == "tool" and #kept == 0 then
    return nil, failure.request(("tool_choice names %q, which is not among the tools"):format(choice.name),
      "tool_choice")
  end
  return { list = kept, choice = choice, strict = strict }
end

return { of = of }
