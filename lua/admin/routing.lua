-- SPDX-License-Identifier: Apache-2.0
--- GET /admin/routing/targets: what every worker knows of every target and of its models: circuits, queues, limits,
--- latencies, credentials. Credentials are told by their positions.

local json = require "gateway.json"

local FIGURES = {
  "in_flight", "queued", "failures", "open_ms", "throttled_ms", "samples", "age_ms", "latency_ms", "p95_ms",
  "first_token_ms", "first_token_p95_ms", "limit_requests", "remaining_requests", "limit_tokens", "remaining_tokens",
  "reset_ms",
}

local function rounded(number)
  return math.floor(number * 100 + 0.5) / 100
end

--- What is not known is null.
local function shown(figures)
  local list = {}
  for _, name in ipairs(FIGURES) do
    local value = figures[name]
    list[name] = value and rounded(value) or json.null
  end
  return list
end

local function listed(items, show)
  local list = json.array {}
  for i, item in ipairs(items) do list[i] = show(item) end
  return list
end

local function model_shown(model)
  return { model = model.model, circuit = model.circuit, figures = shown(model.figures) }
end

local function credential_shown(credential)
  return {
    index = credential.index, state = credential.state, for_ms = credential.ms and rounded(credential.ms) or json.null,
  }
end

local function target_shown(target)
  return {
    name = target.name, provider = target.provider, available = target.available, circuit = target.circuit,
    unhealthy = target.unhealthy, checked = target.checked, priority = target.priority, weight = target.weight,
    max_concurrency = target.max_concurrency or json.null, figures = shown(target.figures),
    models = listed(target.models, model_shown), credentials = listed(target.credentials, credential_shown),
  }
end

local function targets(call, view)
  view.respond(call, 200, { targets = listed(view.standing(true), target_shown) })
end

return { path = "/admin/routing/targets", GET = targets }
