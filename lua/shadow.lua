-- SPDX-License-Identifier: Apache-2.0
--- A candidate beside a live plugin or strategy: it sees real requests after their answers and decides on copies; every
--- difference is kept for GET /admin/scripts/shadow. Nothing it does has an effect (lua/shadow_doors.lua), and it runs
--- in time that requests leave over (gateway.task).

local clock = require "gateway.clock"
local contracts = require "contracts"
local json = require "gateway.json"
local schema = require "schema"
local script = require "gateway.script"
local shadow_doors = require "shadow_doors"
local shadow_routing = require "shadow_routing"
local shadow_run = require "shadow_run"
local shared = require "gateway.shared"
local task = require "gateway.task"

local RING, TEXT_MOST = 50, 262144

---@class Shadow
---@field kind "plugins"|"strategies"
---@field name string
---@field file string
---@field key string what the keys in gateway.shared begin with
---@field step table? of a plugin: { name, type, plugin, conf, opened }
---@field strategy Strategy?

---@class Sighting one decision of the live script, and what it was made on
---@field hook string
---@field live table
---@field trace_id string

local shadow = {}

-- Building -----------------------------------------------------------------------------------------------------------

local TITLE = "shadow/candidate"

--- The live plugin's configuration, and the defaults of what the candidate wants beside it.
local function conf_of(plugin, live)
  local conf = {}
  for name, value in pairs(live or {}) do conf[name] = value end
  local fields = plugin.schema or {}
  if type(fields[1]) == "string" then return conf end
  for name, field in pairs(fields) do
    if conf[name] == nil then
      local typed, problems = schema.check_value({}, { [name] = field }, "config")
      if problems[1] then return nil, problems[1].message end
      conf[name] = typed[name]
    end
  end
  return conf
end

local function step_make(plugin, live)
  local conf, problem = conf_of(plugin, live and live.conf)
  if not conf then return nil, problem end
  local step = { name = plugin.name, type = plugin.type, plugin = plugin, conf = conf }
  if plugin.open then
    local opened, value = script.guard(plugin.open, conf)
    if not opened then return nil, "open: " .. tostring(value) end
    step.opened = value
  end
  return step
end

local function step_named(chain, name)
  for _, hook in ipairs { "before_request", "after_request" } do
    for _, step in ipairs(chain and chain[hook] or {}) do
      if step.name == name then return step end
    end
  end
end

local function load(kind, name)
  local value, message = script.load_beside(TITLE, shadow_doors.require())
  if value == nil then return nil, message end
  local problem = contracts.problem(kind, name, value)
  if problem then return nil, ("%s.lua: %s"):format(TITLE, problem) end
  return value
end

--- Loads the candidate beside what is live. False when none is configured.
---@param written string? "<name>@<file>"
---@param scanned Catalog
---@param chain Chain|false
---@return Shadow|false|nil shadow
---@return string? problem
function shadow.build(written, scanned, chain)
  if not written then return false end
  local name, file = written:match "^(.-)@(.*)$"
  local kind = scanned.plugins[name] and "plugins" or scanned.strategies[name] and "strategies"
  if not kind then return nil, ("scripts.shadow: there is no plugin and no strategy %q"):format(name) end
  local value, message = load(kind, name)
  if not value then return nil, message end
  local made = { kind = kind, name = name, file = file, key = ("\0shadow:%s:"):format(written) }
  if kind == "strategies" then
    made.strategy = value
    return made
  end
  local live = step_named(chain, name)
  local problem
  made.step, problem = step_make(value, live)
  if not made.step then return nil, ("%s.lua: %s"):format(TITLE, problem) end
  if live then live.shadow = made end
  return made
end

-- Seeing -------------------------------------------------------------------------------------------------------------

local function note(seen, request)
  request.shadowed = request.shadowed or {}
  table.insert(request.shadowed, seen)
end

local function text_of(document)
  return document and document:text() or nil
end

--- What a hook is about to decide on; nil when it cannot be shown to the candidate.
---@param made Shadow
---@param visit Passage
---@param hook string
---@param answer Answer?
---@return Sighting?
function shadow.see(made, visit, hook, answer)
  local ctx = visit.ctx
  if hook == "on_error" or not made.step.plugin[hook] then return nil end
  local seen = {
    hook = hook, request = text_of(ctx.body), model = ctx.model, endpoint = ctx.endpoint, stream = ctx.stream,
    trace_id = ctx.trace_id, headers = visit.call:headers(), key = ctx.key, status = answer and answer.status,
    answer = answer and text_of(ctx.response.body), usage = ctx.usage, target = ctx.target, provider = ctx.provider,
  }
  if #(seen.request or "") + #(seen.answer or "") <= TEXT_MOST then return seen end
  shared.incr(made.key .. "skipped", 1)
end

--- What the live plugin decided on it.
function shadow.judged(seen, visit, failure, given)
  local ctx, after = visit.ctx, seen.hook == "after_request"
  local text = text_of(after and ctx.response and ctx.response.body or ctx.body)
  seen.live = shadow_run.decision(failure, given, after and seen.answer or seen.request, text)
  note(seen, visit.request)
end

local names_of = shadow_run.names

--- Whether a plan's strategy is the one that has a candidate.
---@param made Shadow|false
---@param plan Plan
---@return boolean
function shadow.is_over(made, plan)
  return made and made.strategy ~= nil and plan.pool ~= nil and plan.pool.node.mode == made.name
end

--- The order of targets that the live strategy chose.
---@param order Routing which nobody has taken a target of yet
---@param draws number[] what it drew for it
function shadow.chosen(call, request, order, draws)
  note({
    hook = "choose", targets = shadow_run.copies(order.targets), live = { order = names_of(order.order, order.at) },
    routing = shadow_routing.keep(order, draws), trace_id = call:trace_id(),
  }, request)
end

-- Comparing ----------------------------------------------------------------------------------------------------------

local function keep(made, seen, found)
  local number = shared.incr(made.key .. "differs", 1)
  local entry = json.encode {
    number = number, at = clock.iso(), trace_id = seen.trace_id, hook = seen.hook, live = seen.live, shadow = found,
  }
  if number and entry then shared.set(("%s%d"):format(made.key, number % RING), entry) end
end

--- Off the path of every answer.
local function run(made, sightings)
  local memory = {}
  for _, seen in ipairs(sightings) do
    local found = made.step and shadow_run.hook(made.step, seen, memory) or shadow_run.choose(made.strategy, seen)
    shared.incr(made.key .. "runs", 1)
    if found.fault then shared.incr(made.key .. "faults", 1) end
    if not json.equal(found, seen.live) then keep(made, seen, found) end
  end
end

--- A request is over: its sightings are shown to the candidate later.
---@param made Shadow
function shadow.release(made, request)
  local sightings = request.shadowed
  if not sightings then return end
  request.shadowed = nil
  if not task.later(run, made, sightings) then shared.incr(made.key .. "skipped", #sightings) end
end

--- The same when the request's script does not come to its end, whatever the client has got.
---@param made Shadow
function shadow.hold(made, call, request)
  call:when_cut({ when_cut = function() shadow.release(made, request) end }, true)
end

-- Reporting ----------------------------------------------------------------------------------------------------------

local function newer(a, b) return a.number > b.number end

--- For GET /admin/scripts/shadow: counts, and the last differences, the newest first.
---@param made Shadow|false
---@return table?
function shadow.report(made)
  if not made then return nil end
  local differences = json.array {}
  for place = 0, RING - 1 do
    local entry = shared.get(("%s%d"):format(made.key, place))
    if entry then differences[#differences + 1] = json.decode(entry) end
  end
  table.sort(differences, newer)
  local report = { shadow = { kind = made.kind, name = made.name, file = made.file }, differences = differences }
  for _, name in ipairs { "runs", "differs", "faults", "skipped" } do
    report[name] = shared.get(made.key .. name) or 0
  end
  return report
end

return shadow
