-- SPDX-License-Identifier: Apache-2.0
--- A forwarded request at its target: it takes one of the target's places, and what becomes of it counts for the
--- target's own breaker. Never sent twice, never to another target. The breakers of the target's models have no say:
--- nobody knows what such a request asks of a model, and how long it takes says nothing of one.

local circuit = require "circuit"
local errors = require "errors"
local log = require "gateway.log"
local retry = require "retry"
local upstream_fault = require "upstream_fault"

local forward_entry = {}

local SOON_MS = 1000 -- when nobody says how long

--- Takes a place at the target. May wait in its queue.
---@param call table
---@param target Target
---@return Failure? refused nil: it is in, and must leave
function forward_entry.enter(call, target)
  local entered, state, more = target.cell:enter(call)
  if entered then
    if more then circuit.changed(more, target) end
    return nil
  end
  return state == "saturated" and errors.saturated or errors.unavailable(more or SOON_MS)
end

--- What a refusal says: for how long, above all.
---@param headers table<string, string> of upstream_fault.headers
---@param text string? its body, where it is there
---@return Failure?
function forward_entry.said(target, status, headers, text)
  return target.dialect.failure and upstream_fault.read(target.dialect, status, headers, text or "")
end

local function leave(call, target, verdict, wait_ms)
  local event = target.cell:leave(call, verdict, wait_ms)
  if event then circuit.changed(event, target) end
end

--- What the client is told where nobody could be reached: nobody there gets the words of the log.
---@param problem { status: integer, code: string, message: string, untouched: boolean?, unsent: boolean? }
---@return Failure
function forward_entry.unreached(call, target, problem)
  local late = problem.status == 504
  log.warn("upstream call failed", {
    trace_id = call:trace_id(), target = target.name, provider = target.provider.name, code = problem.code,
    error = problem.message,
  })
  return {
    status = problem.status, type = "server_error", code = late and "upstream_timeout" or "upstream_error",
    message = late and "the upstream provider did not respond in time" or "upstream connection failed",
    error_type = late and "timeout" or "provider_error", elsewhere = errors.transport(problem).elsewhere,
  }
end

--- It could not be sent, or nobody has answered.
---@param failure Failure
function forward_entry.failed(call, target, failure)
  leave(call, target, retry.verdict(failure))
end

--- It was answered. A connection that became a WebSocket says nothing of how the target does.
---@param status integer
---@param whole boolean what followed came to its end
---@param said Failure? of a refusal
function forward_entry.answered(call, target, status, whole, said)
  if status == 101 then return leave(call, target, "neither") end
  if status >= 200 and status <= 299 then return leave(call, target, whole and "ok" or "failure") end
  leave(call, target, retry.verdict { status = status }, said and retry.asked_ms(said))
end

return forward_entry
