-- SPDX-License-Identifier: Apache-2.0
--- What a request for one model needs to know of one target, worked out when the model is first asked for: a request
--- then only looks.

local json = require "gateway.json"
local unsupported = require "unsupported"

---@class Route
---@field model string the upstream's name of the model
---@field model_json string? the same as JSON, when the client's own word must be replaced
---@field path string
---@field edits boolean the dialect may have members to rename for this model
---@field refused string[]? members the provider does not take for this model

local routes = {}

--- A body that has every member: what a dialect would change of it, it may change of any.
local everything = { raw = function() return "null" end }

local function may_edit(target, model)
  local edits = target.dialect.edits
  return edits ~= nil and #edits(everything, target.provider, model) > 0
end

--- One path segment: everything but the unreserved characters as %XX.
local function segment(model)
  return (model:gsub("[^%w%-._~]", function(c) return ("%%%02X"):format(c:byte()) end))
end

local function path_for(target, model)
  if not target.path or not target.path:find("{model}", 1, true) then return target.path end
  return (target.path:gsub("{model}", (segment(model):gsub("%%", "%%%%"))))
end

---@param plan { model: string }
---@param requested string the client's word
---@return Route
local function route_make(plan, target, requested)
  local model = target.model_map[plan.model] or plan.model
  return {
    model = model,
    model_json = model ~= requested and json.encode(model) or nil,
    path = path_for(target, model),
    edits = may_edit(target, model),
    refused = unsupported.refused(target, model),
  }
end

---@return table<table, Route> by target
function routes.build(plan, requested)
  local list = {}
  for _, target in ipairs(plan.targets) do list[target] = route_make(plan, target, requested) end
  return list
end

return routes
