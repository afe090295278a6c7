-- SPDX-License-Identifier: Apache-2.0
--- Probes (gateway-api 1.15): /livez says the process answers, /readyz that it can route, /health what there is.

local json = require "gateway.json"

local function respond(call, status, value)
  call:respond(status, "application/json", json.encode(value) .. "\n")
end

local function livez(call)
  respond(call, 200, { status = "ok" })
end

local function not_ready(call, reason)
  respond(call, 503, { status = "not_ready", reason = reason })
end

local WORSE = { closed = 0, ["half-open"] = 1, open = 2 }

--- The worst circuit of each provider's targets, by its name.
local function circuits_of(targets)
  local worst = {}
  for _, target in ipairs(targets) do
    local known = worst[target.provider]
    if not known or WORSE[target.circuit] > WORSE[known] then worst[target.provider] = target.circuit end
  end
  return worst
end

--- A target may be asked when its provider has what it needs, some circuit of it is not open, and no check says that it
--- does not answer.
local function is_routable(target)
  return target.available and not target.shut and not target.unhealthy
end

local function readyz(call, view)
  if view.draining() then return not_ready(call, "draining") end
  local standing = view.standing()
  local providers, targets, routable, circuits = json.array {}, json.array {}, false, circuits_of(standing)
  for i, target in ipairs(standing) do
    targets[i] = { name = target.name, routable = is_routable(target) }
    routable = routable or targets[i].routable
  end
  for _, provider in ipairs(view.providers()) do
    if provider.available then
      providers[#providers + 1] = { name = provider.name, circuit = circuits[provider.name] or "closed" }
    end
  end
  if not routable then return not_ready(call, "no routable targets") end
  respond(call, 200, { status = "ready", providers = providers, targets = targets })
end

--- The models that are not well, beside the worst of them.
local function ill_models(target)
  local list = {}
  for _, model in ipairs(target.models) do
    if model.circuit ~= "closed" then list[#list + 1] = { model = model.model, circuit = model.circuit } end
  end
  return #list > 0 and json.array(list) or nil
end

local function shown(target)
  local figures = target.figures
  return {
    name = target.name, provider = target.provider, routable = is_routable(target), circuit = target.circuit,
    healthy = not target.unhealthy, in_flight = figures.in_flight or 0, queued = figures.queued or 0,
    throttled_ms = figures.throttled_ms and math.ceil(figures.throttled_ms), models = ill_models(target),
  }
end

local function health(call, view)
  local standing = view.standing()
  local providers, targets, available = json.array {}, json.array {}, false
  local circuits = circuits_of(standing)
  for _, provider in ipairs(view.providers()) do
    providers[#providers + 1] = {
      name = provider.name, status = provider.available and "available" or "no_credentials",
      circuit = circuits[provider.name] or "closed", models = provider.models, missing = provider.missing,
    }
    available = available or provider.available
  end
  for i, target in ipairs(standing) do targets[i] = shown(target) end
  respond(call, available and 200 or 503, {
    status = available and "ok" or "no_providers", providers = providers, targets = targets,
  })
end

--- Some clients ask for nothing but that somebody is there.
local function root(call)
  respond(call, 200, { name = "moongate", status = "ok" })
end

return { root = root, livez = livez, readyz = readyz, health = health }
