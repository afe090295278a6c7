-- SPDX-License-Identifier: Apache-2.0
--- What a spec of an admin script finds in gateway.spec: its handlers behind the dispatcher, without a server.
---
---   local hello = spec.admin "hello"
---   assert.are.equal(200, hello:ask("GET", "/admin/hello").status)

local contracts = require "contracts"
local dispatch = require "dispatch"
local json = require "gateway.json"
local replies = require "replies"
local script = require "gateway.script"
local timestamp = require "timestamp"

local testing_admin = {}

local function text_of(body)
  if type(body) ~= "table" then return body or "" end
  local text, problem = json.encode(body)
  return text or error("the body " .. problem, 0)
end

local function add_request(call, given)
  local headers = {}
  for name, value in pairs(given.headers or {}) do headers[name:lower()] = value end
  local key = given.key or { id = "test", scopes = { "admin" } }
  function call.query(_, name) return (given.query or {})[name] end
  function call.header(_, name) return headers[name:lower()] end
  function call.headers() return headers end
  function call.body() return text_of(given.body) end
  function call.key()
    local admin = false
    for _, scope in ipairs(key.scopes or {}) do admin = admin or scope == "admin" end
    return key.id, key.name or key.id, admin
  end
end

local function refusal(status, type, code, message, param, headers)
  local problem = { message = message, type = type, param = param or json.null, code = code }
  return { status = status, content_type = "application/json", json = { error = problem }, headers = headers or {},
    text = json.encode { error = problem } }
end

local function add_answer(call, answer)
  local function begin()
    if answer.status then error("this call is answered already", 3) end
  end
  local function fill(from)
    for name, value in pairs(from) do answer[name] = value end
  end
  function call.answered() return answer.status ~= nil end
  function call.respond(_, status, content_type, text, headers)
    begin()
    local value = content_type == "application/json" and json.decode(text) or nil
    fill { status = status, content_type = content_type, text = text or "", headers = headers or {}, json = value }
  end
  function call.refuse(_, ...)
    begin()
    fill(refusal(...))
  end
end

--- What answers for a call: no client, no network.
local function call_make(method, path, given, answer)
  local call = {
    method = function() return method end,
    path = function() return path end,
    trace_id = function() return ("0"):rep(31) .. "1" end,
    says = function() return false end,
    note_error = function() end,
  }
  add_request(call, given)
  add_answer(call, answer)
  return call
end

--- The handler tables with what they raise told to `faults`.
local function watched(value, faults)
  local entries = {}
  for i, entry in ipairs(value.path and { value } or value) do
    entries[i] = {}
    for name, member in pairs(entry) do
      entries[i][name] = type(member) ~= "function" and member or function(...)
        local held, problem = pcall(member, ...)
        if held then return end
        faults[#faults + 1] = problem
        error(problem, 0)
      end
    end
  end
  return entries
end

---@class TestAdmin
local methods = {}

--- Asks for a path. What a handler raises is raised again.
---@param method string
---@param path string
---@param given { query: table?, headers: table?, body: string|table|nil, key: table? }? `key` has all scopes by default
---@return { status: integer, text: string, json: any, headers: table, content_type: string } answer
function methods:ask(method, path, given)
  local answer, before = {}, #self.faults
  dispatch.serve(self.paths, call_make(method, path, given or {}, answer), self.view)
  if #self.faults > before then error(self.faults[#self.faults], 0) end
  return answer
end

local function view_make(more)
  local view = { respond = replies.respond, read = replies.read, timestamp = timestamp.text }
  for name, value in pairs(more or {}) do view[name] = value end
  return view
end

--- An admin script with paths of its own, by its name or as the value it returns.
---@param name string|table
---@param view table? what it asks of the house beside respond, read and timestamp
---@return TestAdmin
function testing_admin.open(name, view)
  local value = name
  if type(name) == "string" then value = assert(script.load("admin", name)) else name = "mine" end
  local problem = contracts.problem("admin", name, value)
  if problem then error(problem, 2) end
  local admin = { paths = dispatch.new(), faults = {}, view = view_make(view), ask = methods.ask }
  problem = dispatch.add(admin.paths, name, watched(value, admin.faults))
  if problem then error(problem, 2) end
  return admin
end

return testing_admin
