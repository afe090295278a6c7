-- SPDX-License-Identifier: Apache-2.0
--- What a plugin's fault does. The plugin's type decides, by this table and by nothing else:
---
---   guardrail, auth, transform, ratelimit   closed: the client gets 500 plugin_error, nothing goes on unguarded
---   logging, metrics                        open: the answer is what it would have been without the plugin
---
--- A fault is an error, a limit that was passed, a verdict that is none, and one that was made and not returned. Each
--- is logged and counted.

local errors = require "errors"
local log = require "gateway.log"
local metrics = require "gateway.metrics"

local OPEN = { logging = true, metrics = true }
local MESSAGE_MAX = 300

--- What Lua and the sandbox say themselves names code, never what a script works on.
local SAFE = {
  "^attempt to ", "^bad argument ", "^script ran longer ", "^not enough memory", "^stack overflow",
  "^undefined global ", "^global write ", "^cannot wait here", "^ctx is over",
}

local fault = {}

--- True when a fault of such a plugin must not let the request pass.
---@param type string
---@return boolean
function fault.closes(type)
  return not OPEN[type]
end

local function first_line(problem)
  if type(problem) == "table" then problem = problem.message end
  if type(problem) ~= "string" then return "an error without a message" end
  return problem:match "^[^\r\n]*":sub(1, MESSAGE_MAX)
end

--- An error's words without any that the request or its answer says: those are nobody's business in a log.
---@param problem any what was raised
---@param says fun(word: string): boolean
---@return string
function fault.told(problem, says)
  local line = first_line(problem)
  local place, text = line:match "^(%S+%.lua:%d+: )(.*)$"
  place, text = place or "", text or line
  for _, pattern in ipairs(SAFE) do
    if text:find(pattern) then return line end
  end
  return place .. text:gsub("[^%s%p][^%s]+", function(found)
    local word, tail = found:match "^(.-)(%p*)$"
    return #word > 2 and says(word) and "[withheld]" .. tail or nil
  end)
end

local function says_of(call, heard)
  local answer
  return function(word)
    if call:says(word) then return true end
    answer = answer or (type(heard) == "function" and heard() or heard or ""):lower()
    return answer:find(word:lower(), 1, true) ~= nil
  end
end

--- Logs and counts a fault. Nil when the request goes on without the plugin.
---@param step Step
---@param hook string
---@param call table
---@param problem any
---@param code string "script_error", "script_cpu_limit", "script_memory_limit"
---@param heard string|(fun(): string?)|false|nil what the answer says the hook was working on; false: the words are
--- our own
---@return Failure?
function fault.settle(step, hook, call, problem, code, heard)
  log.error("plugin failed", {
    plugin = step.name, hook = hook, trace_id = call:trace_id(), code = code,
    error = heard == false and problem or fault.told(problem, says_of(call, heard)),
  })
  metrics.series("gateway_script_faults_total", code, "plugins/" .. step.name):add(1)
  if fault.closes(step.type) then return errors.plugin end
end

return fault
