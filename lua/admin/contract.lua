-- SPDX-License-Identifier: Apache-2.0
--- What an admin script is: a handler table of a path below /admin/, a list of them, or the handlers of the endpoints
--- that the runtime knows by name (probes and models, whose authentication follows from the head alone). A handler
--- answers its call and reaches the house through the view alone (lua/router.lua).

local schema = require "schema"

---@alias Handler fun(call: AdminCall, view: View, params: table<string, string>)

---@class AdminTable
---@field path string "/admin/keys/{id}"
---@field scope ("read_only"|"admin")? what a key must have; by default read_only to GET, admin for the rest
---@field GET Handler? serves HEAD, too
---@field POST Handler?
---@field PUT Handler?
---@field PATCH Handler?
---@field DELETE Handler?

---@alias AdminScript AdminTable|AdminTable[]|table<string, Handler>

local MEMBERS = {
  path = "string", scope = "string", GET = "function", POST = "function", PUT = "function", PATCH = "function",
  DELETE = "function",
}
local METHODS = { "GET", "POST", "PUT", "PATCH", "DELETE" }
--- As runtime/process/route.c has them.
local ENDPOINTS = {
  livez = "function", readyz = "function", health = "function", metrics = "function", models = "function",
  model = "function", capabilities = "function", root = "function",
}
local PATH_MAX = 200

--- The first member that nobody knows, with what was probably meant.
local function unknown(value, members, what)
  local written, known = {}, {}
  for name in pairs(value) do written[tostring(name)] = true end
  for name in pairs(members) do known[name] = "any" end
  local _, errors = schema.check_value(written, known)
  return errors[1] and (errors[1].message:gsub("^unknown key", "unknown " .. what))
end

local function mistyped(value)
  for _, name in ipairs { "path", "scope", unpack(METHODS) } do
    local wanted, found = MEMBERS[name], type(value[name])
    if found ~= wanted and found ~= "nil" then
      if wanted == "function" then wanted = "function(call, view, params)" end
      return ("%s must be a %s, got a %s"):format(name, wanted, found)
    end
  end
end

-- Paths --------------------------------------------------------------------------------------------------------------

local function segment_problem(segment, seen)
  local name = segment:match "^{([%a_][%w_]*)}$"
  if name and seen[name] then return ("path must not name {%s} twice"):format(name) end
  if name then
    seen[name] = true
    return nil
  end
  if segment == "" then return "path must not have empty segments" end
  if segment:find "^[%w._~-]+$" and not segment:find "^%.%.?$" then return nil end
  return ("path must have segments of letters, digits and . _ ~ - or parameters like {id}, got %q"):format(segment)
end

local function path_problem(path)
  if #path > PATH_MAX then return ("path must not be longer than %d characters"):format(PATH_MAX) end
  if path:sub(1, 7) ~= "/admin/" then return ('path must begin with "/admin/", got %q'):format(path) end
  local seen = {}
  for segment in (path:sub(8) .. "/"):gmatch "([^/]*)/" do
    local problem = segment_problem(segment, seen)
    if problem then return problem end
  end
end

-- Handler tables -----------------------------------------------------------------------------------------------------

local function has_method(value)
  for _, method in ipairs(METHODS) do
    if value[method] then return true end
  end
  return false
end

local function scope_problem(scope)
  if scope == nil or scope == "read_only" or scope == "admin" then return nil end
  return ('scope must be "read_only" or "admin", got %q'):format(scope)
end

local function table_problem(value)
  local problem = unknown(value, MEMBERS, "member") or mistyped(value)
  if problem then return problem end
  if not value.path then return "path is missing: a handler table needs one" end
  return path_problem(value.path) or scope_problem(value.scope)
    or not has_method(value) and "needs a handler: GET, POST, PUT, PATCH or DELETE" or nil
end

local function list_problem(list)
  for key in pairs(list) do
    if type(key) ~= "number" or key < 1 or key > #list or key % 1 ~= 0 then
      return ("is a list of handler tables, so %s has no place in it"):format(tostring(key))
    end
  end
  for position, value in ipairs(list) do
    local problem = type(value) ~= "table" and "must be a handler table, got a " .. type(value) or nil
    problem = problem or table_problem(value)
    if problem then return ("%s (handler table %d)"):format(problem, position) end
  end
end

-- Endpoints ----------------------------------------------------------------------------------------------------------

local function endpoint_problem(name, handler)
  if type(name) ~= "string" or not name:find "^[a-z_]+$" then
    return ("endpoint %s must be a name of small letters and _"):format(tostring(name))
  end
  if type(handler) == "function" then return nil end
  return ("%s must be a function(call, view), got a %s"):format(name, type(handler))
end

local function endpoints_problem(script)
  for name, handler in pairs(script) do
    local problem = endpoint_problem(name, handler)
    if problem then return problem end
  end
  local problem = unknown(script, ENDPOINTS, "endpoint")
  return problem and problem .. '; a path of your own is a table like { path = "/admin/hello", GET = ... }'
end

--- A handler table is known by any of its members, so that one which is missing or misspelt can be told.
local function is_handler_table(script)
  for name in pairs(script) do
    if MEMBERS[name] then return true end
  end
  return false
end

local function problem_of(script)
  if type(script) ~= "table" then return "must return a table, got a " .. type(script) end
  if next(script) == nil then return "serves no endpoint and no path" end
  if script[1] ~= nil then return list_problem(script) end
  if is_handler_table(script) then return table_problem(script) end
  return endpoints_problem(script)
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
