-- SPDX-License-Identifier: Apache-2.0
--- What the lists of places (lua/places*.lua) are made with.

local below = {}

--- Makes groups of places that all begin with `at` and have one role: the member that names it, else `fixed`.
---@param at string "messages[]"
---@param role string? "messages[].role"
---@param fixed string?
---@return fun(group: table): table
function below.at(at, role, fixed)
  return function(group)
    for i = 2, #group do group[i] = at .. group[i] end
    group.role, group.fixed = role, fixed
    return group
  end
end

-- Words of a protocol, wherever they stand: nothing is said in them.
local WORDS = "type id object role format mime_type media_type mimeType detail status $ref required"

--- Every string at these places that has no place of its own, but for words of the protocol.
---@param ... string "**", "choices[].**"
---@return table group
function below.other(...)
  local group = { "other", ... }
  group.except = WORDS
  return group
end

--- The same of the kind "description", for what tools and formats are described with.
---@param ... string
---@return table group
function below.description(...)
  local group = { "description", ... }
  group.except = WORDS
  return group
end

--- One list of all groups in these lists.
---@param ... table[]
---@return table[]
function below.join(...)
  local all = {}
  for i = 1, select("#", ...) do
    for _, group in ipairs((select(i, ...))) do all[#all + 1] = group end
  end
  return all
end

return below
