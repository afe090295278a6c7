-- SPDX-License-Identifier: Apache-2.0
--- Tools for Cohere: OpenAI's shape, strictness for all of them at once, and a choice of few words.

local functions = require "providers.dialects.neutral.functions"

local CHOICES = { none = "NONE", any = "REQUIRED", tool = "REQUIRED" }

--- Adds `tools`, `tool_choice` and `strict_tools` to the body.
---@param request table
---@param body table
---@return Failure?
local function add(request, body)
  local found, problem = functions.of(request)
  if not found then return problem end
  if #found.list == 0 then return nil end
  body.tools, body.strict_tools = found.list, found.strict or nil
  body.tool_choice = found.choice and CHOICES[found.choice.kind] or nil
  return nil
end

return { add = add }
