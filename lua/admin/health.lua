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

local function readyz(call, view)
  if view.draining() then return not_ready(call, "draining") end
  local providers, targets, routable = json.array {}, json.array {}, false
  for _, target in ipairs(view.targets()) do
    targets[#targets + 1] = { name = target.name, routable = target.available }
    routable = routable or target.available
  end
  for _, provider in ipairs(view.providers()) do
    if provider.available then providers[#providers + 1] = { name = provider.name, circuit = "closed" } end
  end
  if not routable then return not_ready(call, "no routable targets") end
  respond(call, 200, { status = "ready", providers = providers, targets = targets })
end

local function health(call, view)
  local providers, available = json.array {}, false
  for _, provider in ipairs(view.providers()) do
    providers[#providers + 1] = {
      name = provider.name, status = provider.available and "available" or "no_credentials", circuit = "closed",
      models = provider.models, missing = provider.missing,
    }
    available = available or provider.available
  end
  respond(call, available and 200 or 503, { status = available and "ok" or "no_providers", providers = providers })
end

--- Some clients ask for nothing but that somebody is there.
local function root(call)
  respond(call, 200, { name = "moongate", status = "ok" })
end

return { root = root, livez = livez, readyz = readyz, health = health }
