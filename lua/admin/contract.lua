-- SPDX-License-Identifier: Apache-2.0
--- What an admin script is: handlers by the endpoints they serve (runtime/process/route.c names them). A handler
--- answers its call and reaches the house through the view alone (lua/router.lua).

---@alias AdminScript table<string, fun(call: table, view: View)>

local function problem_of(script)
  if type(script) ~= "table" then return "must return a table, got a " .. type(script) end
  local count = 0
  for endpoint, handler in pairs(script) do
    count = count + 1
    if type(endpoint) ~= "string" or not endpoint:find "^[a-z_]+$" then
      return ("endpoint %s must be a name of small letters and _"):format(tostring(endpoint))
    end
    if type(handler) ~= "function" then
      return ("%s must be a function(call, view), got a %s"):format(endpoint, type(handler))
    end
  end
  return count == 0 and "serves no endpoint" or nil
end

--- Whether `script` is what a script of this folder must return.
---@param script any
---@return true? held, string? problem
local function check(script)
  local problem = problem_of(script)
  if problem then return nil, problem end
  return true
end

return { check = check }
