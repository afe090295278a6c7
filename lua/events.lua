-- SPDX-License-Identifier: Apache-2.0
--- What happens in the gateway, told to whoever wants to know: plugins with on_event, and webhooks of the
--- configuration (lua/webhooks.lua). The runtime keeps a queue for each of them, so that a slow one holds up nobody,
--- and tells itself of requests and of generations. Nothing is made of an event that nobody wants.

local door = require "gateway.events"
local fault = require "fault"
local json = require "gateway.json"
local subjects = require "subjects"
local webhooks = require "webhooks"

local HOOK_BATCH = 16 -- events of one turn of a plugin: others have theirs in between

local events = { priced = false }

--- Whether anybody listens: what is costly to tell need not be put together else.
events.wanted = door.wanted

--- Something has happened. Cheap, never waits, from anywhere in Lua.
---@type fun(subject: string, fields: table<string, string|number|boolean>?) no prompts, no answers, no secrets
events.emit = door.emit

-- Plugins ------------------------------------------------------------------------------------------------------------

local function no() return false end

--- Stands for the call that an event is about: no event says what a client has written.
local function call_of(event)
  return { trace_id = function() return event.trace_id or "" end, says = no }
end

--- A fault reaches nobody but the log.
local function hook_run(step, event)
  local ran, problem, code = step.guard(step.plugin.on_event, event, step.conf, step.opened)
  if not ran then fault.settle(step, "on_event", call_of(event), problem, code) end
end

--- Each event is told once: before the hook runs it has left the queue. The others stay there: should the hook wait
--- until it is cut off, the next turn goes on with them.
local function hook_turn(step, listener)
  for _ = 1, HOOK_BATCH do
    local text = door.batch(listener)
    if not text then break end
    door.settle(listener, true)
    hook_run(step, json.decode(text)[1])
  end
  door.rest(listener)
end

local function hook_plan(step)
  return {
    key = "plugin:" .. step.name, subjects = subjects.all(step.plugin.subjects), batch = 1, every_ms = 0,
    turn = function(listener) return hook_turn(step, listener) end,
  }
end

-- Building -----------------------------------------------------------------------------------------------------------

local COSTED = "gateway.request.completed"

local function wants(plan, subject)
  for _, name in ipairs(plan.subjects) do
    if name == subject then return true end
  end
  return false
end

--- From now on, while this generation serves, these are told.
---@param receivers WebhookConfig[] `events.webhooks` of the configuration
---@param listeners Step[] plugins with on_event
function events.build(receivers, listeners)
  local plans, turns = webhooks.plans(receivers), {}
  for _, step in ipairs(listeners) do plans[#plans + 1] = hook_plan(step) end
  for _, plan in ipairs(plans) do
    turns[plan.key] = plan.turn
    events.priced = events.priced or wants(plan, COSTED)
  end
  if #plans > 0 then door.listen(plans, function(listener, key) turns[key](listener) end) end
end

return events
