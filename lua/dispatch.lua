-- SPDX-License-Identifier: Apache-2.0
--- The paths below /admin/: which script's handler serves a path and a method, and what a client reads when none does.
--- Whoever comes here has a key that may look around (runtime/process/call.c).

local fault = require "fault"
local log = require "gateway.log"
local metrics = require "gateway.metrics"
local script = require "gateway.script"

local METHODS = { "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE" }
local PATH_SHOWN = 120
local FAILED = "the gateway could not complete the request"

---@class AdminHandler one method of one path
---@field script string
---@field run fun(call: AdminCall, view: View, params: table<string, string>)
---@field admin boolean whether the key must have the scope admin
---@field names table<integer, string> of its parameters, by the position of their segments
---@field guard function

---@class AdminPath
---@field segments string[] a parameter is "{}"
---@field rank string literal segments come before parameters
---@field handlers table<string, AdminHandler> by method

local dispatch = {}

-- What there is ------------------------------------------------------------------------------------------------------

---@return table paths
function dispatch.new()
  return { by_shape = {}, by_length = {} }
end

local function segments_of(path)
  local segments = {}
  for segment in path:gmatch "/([^/]*)" do segments[#segments + 1] = segment end
  return segments
end

local function by_rank(first, second)
  return first.rank < second.rank
end

local function path_make(paths, shape)
  local made = { segments = segments_of(shape), rank = shape:gsub("{}", "\255"), handlers = {} }
  paths.by_shape[shape] = made
  local list = paths.by_length[#made.segments] or {}
  paths.by_length[#made.segments] = list
  list[#list + 1] = made
  table.sort(list, by_rank)
  return made
end

--- How a path looks whatever its parameters are called, and their names.
local function shape_of(path)
  local names = {}
  for position, segment in ipairs(segments_of(path)) do names[position] = segment:match "^{(.*)}$" end
  return path:gsub("{[^}]*}", "{}"), names
end

local function needs_admin(entry, method)
  return (entry.scope or (method == "GET" and "read_only" or "admin")) == "admin"
end

local function add_entry(paths, name, guard, entry)
  local shape, names = shape_of(entry.path)
  local path = paths.by_shape[shape] or path_make(paths, shape)
  for _, method in ipairs(METHODS) do
    local taken = path.handlers[method]
    if entry[method] and taken then
      return ("admin/%s.lua: %s %s is served by admin/%s.lua already"):format(name, method, entry.path, taken.script)
    elseif entry[method] then
      path.handlers[method] = {
        script = name, run = entry[method], admin = needs_admin(entry, method), names = names, guard = guard,
      }
    end
  end
end

--- Adds a script's handler tables.
---@param paths table
---@param name string the script's
---@param entries table[]
---@return string? problem a method of a path is taken
function dispatch.add(paths, name, entries)
  local guard = script.guard_of("admin", name)
  for _, entry in ipairs(entries) do
    local problem = add_entry(paths, name, guard, entry)
    if problem then return problem end
  end
end

-- Who serves ---------------------------------------------------------------------------------------------------------

local function fits(path, segments)
  for position, wanted in ipairs(path.segments) do
    local given = segments[position]
    if given ~= wanted and (wanted ~= "{}" or given == "") then return false end
  end
  return true
end

local function find(paths, segments)
  for _, path in ipairs(paths.by_length[#segments] or {}) do
    if fits(path, segments) then return path end
  end
end

--- One `%41` of a segment.
local function unescape(hex)
  return string.char(tonumber(hex, 16))
end

local function params_of(handler, segments)
  local params = {}
  for position, name in pairs(handler.names) do params[name] = segments[position]:gsub("%%(%x%x)", unescape) end
  return params
end

local function is_admin(call)
  local _, _, admin = call:key()
  return admin
end

-- Who is refused: as runtime/process/call.c says it of the paths it knows ---------------------------------------------

local function refuse_unknown(call)
  call:refuse(404, "invalid_request_error", "unknown_url",
    ("Unknown request URL: %s %s. Check the path; the documentation lists what is served."):format(
      call:method(), call:path():sub(1, PATH_SHOWN)))
end

local function allowed(path)
  local list = {}
  for _, method in ipairs(METHODS) do
    if path.handlers[method == "HEAD" and "GET" or method] then list[#list + 1] = method end
  end
  return table.concat(list, ", ")
end

local function refuse_method(call, path)
  local allow = allowed(path)
  call:refuse(405, "invalid_request_error", "method_not_supported",
    ("Only %s requests are accepted on %s."):format(allow, call:path():sub(1, PATH_SHOWN)), nil, { Allow = allow })
end

-- Serving ------------------------------------------------------------------------------------------------------------

--- One line and one count; the client learns no more than that it failed.
local function fail(call, handler, problem, code)
  local name = "admin/" .. handler.script
  log.error("script failed", {
    script = name, trace_id = call:trace_id(), code = code,
    error = fault.told(problem, function(word) return call:says(word) end),
  })
  metrics.series("gateway_script_faults_total", code, name):add(1)
  if not call:answered() then call:refuse(500, "server_error", "script_error", FAILED) end
end

local function run(call, view, handler, segments)
  local held, problem, code = handler.guard(handler.run, call, view, params_of(handler, segments))
  if not held then return fail(call, handler, problem, code) end
  if call:answered() then return end
  script.fault("admin", handler.script)
  fail(call, handler, "the handler returned without an answer", "script_error")
end

--- Serves one request for a path below /admin/.
---@param paths table
---@param call table
---@param view View
function dispatch.serve(paths, call, view)
  local segments = segments_of(call:path())
  local path = find(paths, segments)
  if not path then return refuse_unknown(call) end
  local method = call:method()
  local handler = path.handlers[method == "HEAD" and "GET" or method]
  if not handler then return refuse_method(call, path) end
  if handler.admin and not is_admin(call) then
    return call:refuse(403, "permission_error", "insufficient_scope", "insufficient permissions")
  end
  run(call, view, handler, segments)
end

return dispatch
