-- SPDX-License-Identifier: Apache-2.0
--- What no single key can say: rules between keys. The texts are those of the compatible gateway (gateway-api 3.3).
--- `report(steps, message)` takes the place as keys and 1-based positions.

local config_groups = require "config_groups"
local config_targets = require "config_targets"
local nodes = require "node"
local suggest = require "suggest"

local checks = {}

-- Targets that are named ---------------------------------------------------------------------------------------------

--- The targets that other keys name.
local function check_named(value, _, report)
  if type(value.targets) ~= "table" then return end
  local names = {}
  for target, name in pairs(config_groups.names(value.targets, "")) do
    if not target.targets then names[name] = true end
  end
  for _, key in ipairs { "batch_target", "responses_target" } do
    local name = value[key]
    if name and not names[name] then
      report({ key }, ("%s %q does not name any configured target%s"):format(key, name,
        suggest.phrase(name, suggest.names(names))))
    end
  end
end

-- Aliases ------------------------------------------------------------------------------------------------------------

local function alias_problem(aliases, alias, model)
  if alias == "" then return "alias name must not be empty" end
  if model == "" then return ("alias %q must not map to an empty string"):format(alias) end
  if model == alias then return ("alias %q must not point to itself"):format(alias) end
  if aliases[model] then
    return ("alias %q points to another alias %q; chained aliases are not supported"):format(alias, model)
  end
end

local function check_aliases(value, _, report)
  local aliases = value.aliases or {}
  for _, alias in ipairs(suggest.names(aliases)) do
    local problem = alias_problem(aliases, alias, aliases[alias])
    if problem then report({ "aliases", alias }, problem) end
  end
end

-- Limits -------------------------------------------------------------------------------------------------------------

--- The first key of each pair must not be the larger.
local PAIRS = {
  { "queue_low", "queue_high" }, { "queue_high", "queue_cap" }, { "header_value", "head" }, { "request_line", "head" },
}

local function check_limits(value, _, report)
  local limits = value.limits or {}
  for _, pair in ipairs(PAIRS) do
    local small, large = limits[pair[1]], limits[pair[2]]
    if small and large and small > large then
      report({ "limits", pair[1] }, ("must not be larger than limits.%s"):format(pair[2]))
    end
  end
end

-- Clients that leave -------------------------------------------------------------------------------------------------

--- What the pipeline serves, by the names of runtime/process/route.c.
checks.ENDPOINTS = {
  "chat", "completions", "count_tokens", "embeddings", "gemini", "gemini_count", "gemini_embed", "images",
  "images_edits", "images_variations", "messages", "moderations", "rerank", "responses", "speech", "transcriptions",
  "translations",
}

local function check_client_gone(value, _, report)
  local routes, known = value.client_gone and value.client_gone.routes or {}, {}
  for _, name in ipairs(checks.ENDPOINTS) do known[name] = true end
  for _, name in ipairs(suggest.names(routes)) do
    if not known[name] then
      report({ "client_gone", "routes", name }, ("%q is no endpoint%s; endpoints: %s"):format(name,
        suggest.phrase(name, checks.ENDPOINTS), table.concat(checks.ENDPOINTS, ", ")))
    end
  end
end

local CHECKS = {
  config_targets.check, check_named, check_aliases, check_limits, check_client_gone,
}

--- Every rule over a typed document, which may have holes where a value was refused.
---@param value table
---@param known { providers: table<string, true>|nil, strategies: table<string, true>|nil }
---@param report fun(steps: (string|integer)[], message: string)
function checks.run(value, known, report)
  for _, check in ipairs(CHECKS) do check(value, known, report) end
end

--- "targets[0].retry" of {"targets", 1, "retry"}.
---@param steps (string|integer)[]
---@return string
function checks.path(steps)
  local path = ""
  for _, step in ipairs(steps) do path = nodes.join(path, step) end
  return path
end

return checks
