-- SPDX-License-Identifier: Apache-2.0
--- The admin API over scripts: what runs, reload, generations, rollback, shadow.

local json = require "gateway.json"

local FRESH = { ["Cache-Control"] = "no-store" }

local function shown(generation, view)
  return { number = generation.number, id = generation.id, activated_at = view.timestamp(generation.activated_at) }
end

local function list_of(text)
  return text and json.decode(text) or nil
end

-- GET /admin/scripts -------------------------------------------------------------------------------------------------

local NONE = { count = 0, faults = 0, p99_us = 0 }

--- What the workers counted, by kind and name.
local function calls_of(stats)
  local calls = {}
  for _, one in ipairs(stats) do
    calls[one.kind .. "/" .. one.name] = { count = one.count, faults = one.faults, p99_us = one.p99_us }
  end
  return calls
end

local function scripts_of(control)
  local report, calls = list_of(control.report()) or {}, calls_of(control.stats())
  local scripts = json.array {}
  for _, script in ipairs(report.scripts or {}) do
    scripts[#scripts + 1] = {
      kind = script.kind, name = script.name, source = script.source, hash = script.hash, spec = script.spec,
      calls = calls[script.kind .. "/" .. script.name] or NONE,
    }
  end
  return scripts, json.array(report.warnings or {})
end

local function rejected_of(control, view)
  local at, text = control.rejected()
  if not at then return json.null end
  local report = list_of(text) or {}
  return { at = view.timestamp(at), reasons = json.array(report.reasons or {}) }
end

local function scripts(call, view)
  local control = view.scripts
  local list, warnings = scripts_of(control)
  view.respond(call, 200, {
    generation = shown(control.active(), view), scripts = list, warnings = warnings,
    last_rejected = rejected_of(control, view),
  })
end

-- POST /admin/scripts/reload -----------------------------------------------------------------------------------------

local function told(reasons)
  local first = reasons[1]
  if not first then return "the candidate was refused; the running generation is untouched" end
  local place = (first.file or "") ~= "" and ("%s:%d: "):format(first.file, first.line or 1) or ""
  local more = #reasons > 1 and (" (and %d more)"):format(#reasons - 1) or ""
  return ("the candidate was refused, the running generation is untouched: %s%s%s"):format(place, first.message, more)
end

local function reload(call, view)
  local generation, text = view.scripts.reload(call, { all_specs = call:query "specs" == "all" })
  if generation then return view.respond(call, 200, { generation = shown(generation, view) }) end
  local reasons = json.array(list_of(text) or {})
  local problem = {
    message = told(reasons), type = "invalid_request_error", param = json.null, code = "generation_rejected",
  }
  call:note_error(nil, problem.code)
  view.respond(call, 422, { error = problem, reasons = reasons })
end

-- Generations --------------------------------------------------------------------------------------------------------

local function generations(call, view)
  local list = json.array {}
  for _, generation in ipairs(view.scripts.generations()) do
    local one = shown(generation, view)
    one.active, one.state = generation.active, generation.state
    one.previous, one.note = generation.previous, generation.note
    list[#list + 1] = one
  end
  view.respond(call, 200, { generations = list })
end

local function rollback(call, view, params)
  local number = tonumber(params.number:match "^[1-9]%d*$")
  if not number then
    return call:refuse(400, "invalid_request_error", "invalid_request",
      "invalid generation: must be a positive integer", nil, FRESH)
  end
  local generation, why, message = view.scripts.rollback(call, number)
  if generation then return view.respond(call, 200, { generation = shown(generation, view) }) end
  if why == "unknown" then
    return call:refuse(404, "invalid_request_error", "generation_not_found",
      ("generation %d is not kept here; GET /admin/scripts/generations lists those that are"):format(number), nil,
      FRESH)
  end
  call:refuse(500, "server_error", "internal_error", message or "the rollback failed", nil, FRESH)
end

-- GET /admin/scripts/shadow ------------------------------------------------------------------------------------------

local function shadow(call, view)
  local seen = view.scripts.shadow and view.scripts.shadow()
  view.respond(call, 200, seen or { shadow = json.null, differences = json.array {} })
end

return {
  { path = "/admin/scripts", GET = scripts },
  { path = "/admin/scripts/reload", POST = reload },
  { path = "/admin/scripts/generations", GET = generations },
  { path = "/admin/scripts/rollback/{number}", POST = rollback },
  { path = "/admin/scripts/shadow", GET = shadow },
}
