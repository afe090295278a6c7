-- SPDX-License-Identifier: Apache-2.0
--- The members of a JSON body, and the body without one of them: what becomes of a member shows when it is away.

local json = require "gateway.json"

local members = {}

local function copy(list, more)
  local new = {}
  for i, item in ipairs(list) do new[i] = item end
  new[#new + 1] = more
  return new
end

local function walk(value, path, keys, found)
  if json.is_array(value) then
    for i, item in ipairs(value) do walk(item, path .. "[]", copy(keys, i), found) end
  elseif json.is_object(value) then
    for name, item in pairs(value) do
      local at = path == "" and name or path .. "." .. name
      local own = copy(keys, name)
      found[#found + 1] = { path = at, keys = own }
      walk(item, at, own, found)
    end
  end
end

--- Every member of an object anywhere below `value`: its path with [] for any index, and the keys that lead to it.
---@param value any decoded
---@return { path: string, keys: (string|integer)[] }[]
function members.list(value)
  local found = {}
  walk(value, "", {}, found)
  table.sort(found, function(a, b) return a.path < b.path end)
  return found
end

--- The JSON text without the member that `keys` lead to.
---@param text string
---@return string
function members.without(text, keys)
  local root = assert(json.decode(text))
  local at = root
  for i = 1, #keys - 1 do at = at[keys[i]] end
  at[keys[#keys]] = nil
  return json.encode(root)
end

return members
