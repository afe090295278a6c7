-- SPDX-License-Identifier: Apache-2.0
--- What would change the meaning of the answer if a vendor that does not know it were simply not told.

local failure = require "providers.dialects.neutral.failure"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

local function unsupported(message, param)
  return failure.request(message, param, "unsupported_parameter")
end

--- Several answers, and the old way of naming functions.
---@param request table
---@return Failure?
local function of(request)
  if member(request, "n") ~= nil and typed(request, "n", "number") ~= 1 then
    return unsupported("n must be 1: this provider gives one answer", "n")
  end
  if member(request, "functions") ~= nil then
    return unsupported("functions cannot be sent to this provider: use tools", "functions")
  end
  return nil
end

--- The same for vendors whose models call no tools at all.
---@param request table
---@return Failure?
local function without_tools(request)
  local list = typed(request, "tools", "table")
  if list and list[1] and member(request, "tool_choice") ~= "none" then
    return unsupported("this provider's models call no tools", "tools")
  end
  return of(request)
end

return { of = of, without_tools = without_tools }
