-- SPDX-License-Identifier: Apache-2.0
--- What a plugin is: hooks around a request, each of them optional. A hook that returns nothing lets the request go on.

local events = require "gateway.events"
local schema = require "schema"

---@alias Verdict table made by ctx:reject or ctx:respond, and returned
---@alias Hook fun(ctx: Context, conf: table, opened: any): Verdict?

---@class ChunkHooks a stream's text, piece by piece, each channel (choice, kind, tool call) by itself
---@field open (fun(ctx: Context, conf: table, opened: any): any)? the state of a channel; { ctx =, conf =, opened = }
---@field feed fun(state: any, text: string, ctx: Context, final: boolean): string|Verdict|nil, integer?
---@field close (fun(state: any, ctx: Context): string|Verdict|nil)?

---@class Plugin
---@field name string the file's
---@field type string decides what a fault does: see lua/fault.lua
---@field schema table<string, table>? of its configuration, in the language of lua/schema.lua
---@field open (fun(conf: table): any)? once per generation and entry; raising refuses the generation
---@field before_request Hook?
---@field after_request Hook?
---@field on_error Hook?
---@field on_chunk ChunkHooks?
---@field hold_bytes integer? how much of a channel's text may be held back for what comes next; 0 to 65536
---@field on_event (fun(event: table, conf: table, opened: any))? off any answer's path: docs/events.md
---@field subjects string[]? of events that it is told of: names, or the beginning of some and *; all without it
---@field settles boolean? after_request and on_error run wherever before_request does, whatever `stage` says
---@field hold_ms integer? for how long, while nothing comes; 0 = until there is more text or the end

local HOLD_BYTES, HOLD_MS = 65536, 60000

local MEMBERS = {
  name = "string", type = "string", schema = "table", open = "function", before_request = "function",
  after_request = "function", on_error = "function", on_chunk = "table", hold_bytes = "number", hold_ms = "number",
  settles = "boolean", on_event = "function", subjects = "table",
}
local CHUNK = { open = "function", feed = "function", close = "function" }
local TYPES = { "guardrail", "logging", "metrics", "auth", "transform", "ratelimit" }

--- The first member that nobody knows, with what was probably meant.
local function unknown(value, members)
  local written, known = {}, {}
  for name in pairs(value) do written[tostring(name)] = true end
  for name in pairs(members) do known[name] = "any" end
  local _, errors = schema.check_value(written, known)
  return errors[1] and (errors[1].message:gsub("^unknown key", "unknown member"))
end

local function names_of(members)
  local names = {}
  for name in pairs(members) do names[#names + 1] = name end
  table.sort(names)
  return names
end

local function mistyped(value, members, where)
  for _, name in ipairs(names_of(members)) do
    local wanted, found = members[name], type(value[name])
    if found ~= wanted and found ~= "nil" then
      return ("%s%s must be a %s, got a %s"):format(where, name, wanted, found)
    end
  end
end

local function choice(value, choices)
  local _, errors = schema.check_value({ type = value }, { type = { "string", one_of = choices } })
  return errors[1] and "type " .. errors[1].message
end

local function ranged(plugin, name, most)
  local value = plugin[name]
  if not value then return nil end
  if value == math.floor(value) and value >= 0 and value <= most then return nil end
  return ("%s must be a whole number from 0 to %d, got %s"):format(name, most, tostring(value))
end

local function chunk_problem(plugin)
  local hooks = plugin.on_chunk
  if not hooks then
    local held = plugin.hold_bytes and "hold_bytes" or plugin.hold_ms and "hold_ms"
    return held and held .. " needs on_chunk"
  end
  local problem = unknown(hooks, CHUNK)
  if problem then return "on_chunk: " .. problem end
  problem = mistyped(hooks, CHUNK, "on_chunk.")
  if problem then return problem end
  return not hooks.feed and "on_chunk needs feed" or nil
end

local function subjects_problem(plugin)
  if not plugin.subjects then return nil end
  if not plugin.on_event then return "subjects needs on_event" end
  if #plugin.subjects == 0 then return "subjects is empty: without it on_event is told of all events" end
  for i, pattern in ipairs(plugin.subjects) do
    if type(pattern) ~= "string" then return ("subjects[%d] must be a string, got a %s"):format(i, type(pattern)) end
    if #events.subjects(pattern) == 0 then return ("subjects[%d] %q means no event"):format(i, pattern) end
  end
end

local function identity_problem(plugin, name)
  if not plugin.name then return "needs a name" end
  if plugin.name ~= name then return ("name must be %q, as the file is called, got %q"):format(name, plugin.name) end
  if not name:find "^[a-z0-9-]+$" then return "name may hold small letters, digits and hyphens" end
  if not plugin.type then return "needs a type: one of " .. table.concat(TYPES, ", ") end
  return choice(plugin.type, TYPES)
end

local function problem_of(plugin, name)
  if type(plugin) ~= "table" then return "must return a table, got a " .. type(plugin) end
  return unknown(plugin, MEMBERS) or mistyped(plugin, MEMBERS, "") or identity_problem(plugin, name)
    or ranged(plugin, "hold_bytes", HOLD_BYTES) or ranged(plugin, "hold_ms", HOLD_MS) or chunk_problem(plugin)
    or subjects_problem(plugin)
    or plugin.schema and schema.problem(plugin.schema)
end

--- Whether `plugin` is what a script of this folder must return.
---@param plugin any
---@param name string the file's name
---@return true? held, string? problem
local function check(plugin, name)
  local problem = problem_of(plugin, name)
  if problem then return nil, problem end
  return true
end

return { check = check }
