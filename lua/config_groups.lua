-- SPDX-License-Identifier: Apache-2.0
--- Groups in `targets`: an entry with `targets` of its own is asked as one, in the way of its own `strategy`.

local DEPTH_MOST = 4

local config_groups = {}

--- Goes over entries and those of their groups, in the order of the document; leaves out what was refused.
---@param entries table[]
---@param visit fun(entry: table, steps: (string|integer)[], depth: integer, position: integer)
---@param before (string|integer)[]? where the list is
function config_groups.each(entries, visit, before, depth)
  for position, entry in ipairs(entries) do
    local steps = {}
    for i, step in ipairs(before or {}) do steps[i] = step end
    steps[#steps + 1], steps[#steps + 2] = "targets", position
    if entry then
      visit(entry, steps, depth or 1, position)
      if entry.targets then config_groups.each(entry.targets, visit, steps, (depth or 1) + 1) end
    end
  end
end

--- Every entry that is no group.
---@param entries table[]
---@return table[]
function config_groups.leaves(entries)
  local leaves = {}
  config_groups.each(entries, function(entry)
    if not entry.targets then leaves[#leaves + 1] = entry end
  end)
  return leaves
end

--- What each entry is called: its name, else its provider, numbered from the second on.
---@param entries table[]
---@param otherwise string the provider of one that names none
---@return table<table, string>
function config_groups.names(entries, otherwise)
  local names, taken = {}, {}
  config_groups.each(entries, function(entry)
    if entry.name then taken[entry.name] = true end
  end)
  config_groups.each(entries, function(entry)
    local first = entry.name or entry.provider or entry.virtual_key or otherwise
    local name, number = first, 1
    while not entry.name and taken[name] do
      number = number + 1
      name = first .. "-" .. number
    end
    names[entry], taken[name] = name, true
  end)
  return names
end

--- The members of a list as lua/strategy.lua takes them: names, and groups with theirs. Nil: there are no groups.
---@param entries table[]
---@return (string|table)[]?
function config_groups.tree(entries)
  local has_groups = false
  config_groups.each(entries, function(entry) has_groups = has_groups or entry.targets ~= nil end)
  if not has_groups then return nil end
  local function members_of(list)
    local members = {}
    for i, entry in ipairs(list) do
      members[i] = entry.targets and {
        name = entry.name, strategy = entry.strategy, weight = entry.weight, priority = entry.priority,
        members = members_of(entry.targets),
      } or entry.name
    end
    return members
  end
  return members_of(entries)
end

-- Rules --------------------------------------------------------------------------------------------------------------

--- What a target has and a group has not.
local OF_TARGETS = {
  "virtual_key", "provider", "base_url", "api_key", "api_keys", "variables", "models", "model_map", "circuit_breaker",
  "concurrency", "health_check",
}

local function is_written(value)
  return value ~= nil and (type(value) ~= "table" or next(value) ~= nil)
end

local function check_group(group, depth, say)
  if group.name == nil then say({}, "name is required: a group of targets is called by it") end
  for _, key in ipairs(OF_TARGETS) do
    if is_written(group[key]) then say({ key }, ("%s belongs to a target, and this is a group of them"):format(key)) end
  end
  if #group.targets == 0 then say({ "targets" }, "at least one target is required") end
  if depth >= DEPTH_MOST then say({ "targets" }, ("groups are nested %d deep at most"):format(DEPTH_MOST)) end
  if group.strategy == nil then say({}, "strategy is required: how does this group choose among its targets?") end
end

--- The rules over an entry that is a group; true when it is one.
---@param entry table
---@param depth integer
---@param say fun(steps: (string|integer)[], message: string)
---@return boolean
function config_groups.check(entry, depth, say)
  if entry.targets == nil then
    if entry.strategy then say({ "strategy" }, "strategy belongs to a group: it has no targets of its own") end
    return false
  end
  if entry.targets then check_group(entry, depth, say) end
  return true
end

return config_groups
