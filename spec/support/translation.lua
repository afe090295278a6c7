-- SPDX-License-Identifier: Apache-2.0
--- Holds a table of members (spec/dialects/fields) against what a translation really does: each member is taken away,
--- and whether the outcome changes tells whether it was kept.

local json = require "gateway.json"
local members = require "spec.support.members"

local translation = {}

---@alias Fields table<string, string[]> path -> { "kept"|"mapped"|"dropped"|"refused", where or why, and perhaps why
--- nobody misses it in the bodies at hand }; a path covers what is below it, unless that is named itself

local function parent(path)
  return path:match "^(.*)%.[^.]*$" or path:match "^(.*)%[%]$"
end

--- The table says something of a path: itself, for what is around it, or for all that is in it.
local function is_known(fields, path)
  for named in pairs(fields) do
    if named:sub(1, #path + 1) == path .. "." or named:sub(1, #path + 2) == path .. "[]" then return true end
  end
  while path do
    if fields[path] then return true end
    path = parent(path)
  end
  return false
end

---@class Seen what the bodies showed of a path
---@field changed boolean? the outcome is another one without it
---@field taken boolean? it was in a body that was not refused

--- Takes the members away that the table names, one after another. Of a refusal the difference tells nothing.
local function observe_body(seen, written, fields, translate)
  local text = json.encode(json.decode(written)) -- as a body without a member will be written
  local whole, refused = translate(text)
  for _, member in ipairs(members.list(assert(json.decode(text)))) do
    local found = seen[member.path] or {}
    seen[member.path] = found
    if fields[member.path] and not refused then
      found.taken = true
      found.changed = found.changed or translate(members.without(text, member.keys)) ~= whole
    end
  end
end

local DENIALS = {
  dropped = function(seen) return seen.changed and "dropped, says the table, but it makes a difference" end,
  refused = function(seen) return seen.taken and "refused, says the table, but it was taken" end,
}

local function denial_of_kept(seen, entry)
  if not seen.changed and not entry[3] then return entry[1] .. ", says the table, but nobody misses it" end
end

local function problem_of(fields, path, seen)
  if not is_known(fields, path) then return path .. ": not in the table" end
  local entry = fields[path]
  if not entry or path == "model" then return nil end -- who serves it is the router's business
  local problem = (DENIALS[entry[1]] or denial_of_kept)(seen, entry)
  return problem and path .. ": " .. problem or nil
end

--- Every member of `bodies` that the table lacks, or is wrong about.
---@param fields Fields
---@param bodies string[] JSON texts
---@param translate fun(text: string): string, boolean? a text that is the same whenever the outcome is; whether it was
--- refused
---@return string[] problems
function translation.problems(fields, bodies, translate)
  local seen, list = {}, {}
  for _, text in ipairs(bodies) do observe_body(seen, text, fields, translate) end
  for path, found in pairs(seen) do list[#list + 1] = problem_of(fields, path, found) end
  table.sort(list)
  return list
end

--- A text that is the same for equal values: members in order.
function translation.canonical(value)
  if json.is_array(value) then
    local items = {}
    for i, item in ipairs(value) do items[i] = translation.canonical(item) end
    return "[" .. table.concat(items, ",") .. "]"
  end
  if not json.is_object(value) then return json.encode(value) end
  local items = {}
  for name, item in pairs(value) do items[#items + 1] = json.encode(name) .. ":" .. translation.canonical(item) end
  table.sort(items)
  return "{" .. table.concat(items, ",") .. "}"
end

return translation
