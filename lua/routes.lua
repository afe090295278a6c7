-- SPDX-License-Identifier: Apache-2.0
--- What a request for one model needs to know of one target, worked out when the model is first asked for: a request
--- then only looks.

local catalog = require "catalog"
local cells = require "cells"
local cost = require "cost"
local endpoint = require "endpoint"
local json = require "gateway.json"
local ownership = require "ownership"
local reach = require "reach"
local stretch = require "stretch"
local unsupported = require "unsupported"
local wires = require "wires"

---@class Route
---@field kind "own"|"translated"|"operation"|"local"|"counted"|nil how the surface is served; nil: a face alone may be
--- forwarded
---@field dialect Dialect
---@field operation Operation?
---@field model string the upstream's name of the model
---@field model_json string? the same as JSON, when the client's own word must be replaced
---@field upstream table? where `path` is
---@field path string? of the surface, from the host's root
---@field written string? the same as the provider's data has it
---@field origin string? the address of it, when that is not the target's own
---@field cell table the model's own state at the target (gateway.health)
---@field edits boolean the dialect may have members to rename for this model
---@field refused string[]? members the provider does not take for this model
---@field image_formats string[]? the only ones that the provider makes
---@field price Price? what the model costs there
---@field listed boolean the catalog has the model
---@field textual boolean its tokens can be estimated
---@field price_in integer? of a token, for a stream that is cut
---@field price_out integer?
---@field speaks table? what a face is told of the target: { provider, dialect, model, path, paths }

local routes = {}

--- Surfaces whose answers are texts, or nothing that counts.
local TEXTUAL = { chat = true, completions = true, responses = true, embeddings = true }

--- What the model costs at this target.
local function price(route, target, model, surface)
  local row = catalog.of(target, model)
  route.price, route.listed = cost.price(row), row ~= nil
  route.textual = TEXTUAL[surface.name] == true
  if not route.price or route.price.units then return end
  route.price_in, route.price_out = route.price.input, route.price.output
end

--- A body that has every member: what a dialect would change of it, it may change of any.
local everything = { raw = function() return "null" end }

local function may_edit(wire, provider, model, surface)
  local edits = wire.dialect.edits
  return edits ~= nil and #edits(everything, provider, model, surface) > 0
end

--- One path segment: everything but the unreserved characters as %XX.
local function segment(model)
  local text = model:gsub("[^%w%-._~]", function(c) return ("%%%02X"):format(c:byte()) end)
  return (text:gsub("^%.+$", function(dots) return ("%2E"):rep(#dots) end))
end

--- The name as the provider writes it in full.
local function long_name(provider, model)
  local long = provider.models and provider.models.long
  if not long or model:find("/", 1, true) then return model end
  for _, prefix in ipairs(long.except or {}) do
    if model:sub(1, #prefix) == prefix then return model end
  end
  return long.prefix .. model
end

--- A path with the model in the place of `{model}`.
---@return string
function routes.with_model(path, model)
  if not path:find("{model}", 1, true) then return path end
  return (path:gsub("{model}", (segment(model):gsub("%%", "%%%%"))))
end

--- Where the client's own bytes go. False when a variable of the path is not set.
local function place(route, target, path)
  local found = endpoint.place(target.endpoint, path)
  if not found then return false end
  route.path = routes.with_model(found.path, route.model)
  route.upstream = target.upstream
  if found.origin ~= target.origin then
    route.origin = found.origin
    route.upstream = reach.handle(target, found.origin, true)
  end
  return route.upstream ~= nil
end

local function speaks_of(target, surface, model)
  local provider = target.provider
  local name, path = wires.choose(provider, surface, model)
  return { provider = provider, dialect = name, model = model, path = path, paths = provider.paths or {} }
end

--- Whether a face may find a way of its own to this target although the surface it leads to is not there.
local function face_may(target, endpoint_name)
  local paths = target.provider.paths
  return endpoint_name ~= nil and paths ~= nil and paths[endpoint_name] ~= nil
end

--- Tokens are counted for whoever chats.
local function wire_of(target, surface, model)
  local wire = wires.find(target.dialects, target.provider, surface.name, model)
  if surface.name ~= "count_tokens" then return wire end
  if wire and wire.operation then return { kind = "counted", dialect = wire.dialect, operation = wire.operation } end
  wire = wires.find(target.dialects, target.provider, "chat", model)
  return wire and { kind = "counted", dialect = wire.dialect }
end

--- A name that leads elsewhere in a path, however it is encoded there: no model is called so.
local function leads_away(model)
  for name in model:gmatch "[^/\\]+" do
    if name == "." or name == ".." then return true end
  end
  return false
end

---@class Way what a model's routes at all targets of one provider have in common
---@field wire table|false
---@field edits boolean?
---@field refused string[]?

--- Found once for each provider and name: there may be hundreds of targets.
---@param ways table<table, table<string, Way>> by provider, then by the upstream's name of the model
---@return Way
local function way_of(ways, target, model, surface)
  local provider = target.provider
  local named = ways[provider] or {}
  ways[provider] = named
  if named[model] then return named[model] end
  local wire = wire_of(target, surface, model)
  local way = { wire = wire or false }
  if wire then
    way.edits = may_edit(wire, provider, model, surface.name)
    way.refused = unsupported.refused(provider, wire.dialect, model, surface.name)
  end
  named[model] = way
  return way
end

---@param model string the name after aliases
---@param requested string the client's word
---@param surface Surface
---@return Route? nil: the target has no such surface, or no such model
local function route_make(target, model, requested, surface, ways)
  local known = ownership.is_named(target, model)
  model = long_name(target.provider, target.model_map[model] or model)
  if leads_away(model) then return nil end
  local way = way_of(ways, target, model, surface)
  local wire = way.wire
  if not wire and not face_may(target, surface.face and surface.endpoint) then return nil end
  local route = { model = model, model_json = model ~= requested and json.encode(model) or nil }
  price(route, target, model, surface)
  route.cell = cells.model(target, model, known or route.listed)
  route.speaks = surface.face and speaks_of(target, surface.name, model) or nil
  if not wire then
    route.dialect = target.dialect
    return route
  end
  route.kind, route.dialect, route.operation = wire.kind, wire.dialect, wire.operation
  route.written = wire.path
  if wire.kind == "own" and not place(route, target, wire.path) then return nil end
  route.edits, route.refused = way.edits, way.refused
  route.image_formats = surface.name == "images" and target.provider.image_response_formats or nil
  return route
end

--- The targets that have the surface, and how each serves it.
---@param owners table[]
---@param model string
---@param requested string
---@param surface Surface
---@return table[] targets
---@return table<table, Route> routes
function routes.build(owners, model, requested, surface)
  local targets, list, ways = {}, {}, {}
  for _, target in ipairs(owners) do
    local route = stretch.run(route_make, target, model, requested, surface, ways)
    if route then targets[#targets + 1], list[target] = target, route end
  end
  return targets, list
end

return routes
