-- SPDX-License-Identifier: Apache-2.0
--- Arguments of a call that come piece by piece, each under its JSON path: "$.city", "$.stops[0].name". Kept in the
--- order in which they came, and written as one JSON text when the call is complete.

local json = require "gateway.json"
local value = require "providers.dialects.neutral.value"

local typed = value.typed

-- More levels than any schema has; an index far out would make an endless list.
local DEEPEST, LONGEST_LIST = 32, 4096

---@class PartialCall
---@field root PartialNode

---@class PartialNode an object, a list or a text
---@field keys string[]|integer[] in the order they came
---@field nodes table<string|integer, PartialNode>
---@field list boolean
---@field text string[]? of a string that still grows
---@field raw string? JSON text of any other value

local function new_node()
  return { keys = {}, nodes = {}, list = false }
end

---@return PartialCall
local function new()
  return { root = new_node() }
end

--- Steps of a path: names, and positions as numbers.
local function steps_of(path)
  local steps, at = {}, path:match "^%$()" or 1
  while at <= #path and #steps < DEEPEST do
    local name, after = path:match("^%.([^%.%[]+)()", at)
    if not name then name, after = path:match("^%[['\"]([^'\"]*)['\"]%]()", at) end
    if not name then
      local index
      index, after = path:match("^%[(%d+)%]()", at)
      name = index and math.min(tonumber(index), LONGEST_LIST)
    end
    if not name then break end
    steps[#steps + 1], at = name, after
  end
  return steps
end

local function node_at(root, steps)
  local node = root
  for _, step in ipairs(steps) do
    if not node.nodes[step] then
      node.list = type(step) == "number"
      node.keys[#node.keys + 1] = step
      node.nodes[step] = new_node()
    end
    node = node.nodes[step]
  end
  return node
end

local function set(node, piece)
  local text = typed(piece, "stringValue", "string")
  if text then
    node.text = node.text or {}
    node.text[#node.text + 1] = text
    return
  end
  for _, name in ipairs { "numberValue", "boolValue" } do
    local found = value.member(piece, name)
    if found ~= nil then node.raw = json.encode(found) end
  end
  if piece.nullValue ~= nil then node.raw = "null" end
end

--- Adds the pieces of one part.
---@param call PartialCall
---@param pieces table[]?
local function add(call, pieces)
  for _, piece in ipairs(pieces or {}) do
    local path = typed(piece, "jsonPath", "string")
    if path then set(node_at(call.root, steps_of(path)), piece) end
  end
end

local write

local function write_list(node)
  local items = {}
  for i, key in ipairs(node.keys) do
    items[i] = write(node.nodes[key])
  end
  return "[" .. table.concat(items, ",") .. "]"
end

local function write_object(node)
  local members = {}
  for i, key in ipairs(node.keys) do
    members[i] = json.encode(tostring(key)) .. ":" .. write(node.nodes[key])
  end
  return "{" .. table.concat(members, ",") .. "}"
end

function write(node)
  if node.text then return json.encode(table.concat(node.text)) end
  if node.raw then return node.raw end
  return node.list and write_list(node) or write_object(node)
end

--- The arguments as JSON text.
---@param call PartialCall
---@return string
local function text_of(call)
  return write(call.root)
end

return { new = new, add = add, text = text_of }
