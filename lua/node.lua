-- SPDX-License-Identifier: Apache-2.0
--- The nodes of a document: what gateway.config's parse returns, and the same made from plain Lua values.
---
---   { kind = "map", line =, column =, entries = { { key =, line =, column =, value = node }, ... } }
---   { kind = "list", line =, column =, items = { node, ... } }
---   { kind = "scalar", line =, column =, text =, quoted =, null = }

local DEPTH_MAX = 64

local node = {}

--- A map without entries at the place of another node.
---@param place table|nil
---@return table
function node.empty_map(place)
  return { kind = "map", line = place and place.line, column = place and place.column, entries = {} }
end

--- An unquoted word, as if it stood in a file.
---@param text string
---@return table
function node.word(text)
  return { kind = "scalar", text = text, quoted = false, null = false }
end

--- A string in quotes.
---@param text string
---@return table
function node.quoted(text)
  return { kind = "scalar", text = text, quoted = true, null = false }
end

local function number_text(value)
  if value ~= value then return ".nan" end
  if math.abs(value) == math.huge then return value > 0 and ".inf" or "-.inf" end
  return value == math.floor(value) and ("%.0f"):format(value) or ("%.17g"):format(value)
end

local function keys_of(value)
  local keys = {}
  for key in pairs(value) do
    if type(key) ~= "string" then error("a map's key must be a string, got a " .. type(key), 0) end
    keys[#keys + 1] = key
  end
  table.sort(keys)
  return keys
end

local function table_node(value, depth)
  if depth == DEPTH_MAX then error("a table nested deeper than 64 levels", 0) end
  local result = { kind = "list", items = {}, entries = {} }
  for i = 1, #value do result.items[i] = node.of(value[i], depth + 1) end
  if #value > 0 then return result end
  for i, key in ipairs(keys_of(value)) do
    result.entries[i] = { key = key, value = node.of(value[key], depth + 1) }
  end
  if #result.entries > 0 then result.kind, result.items = "map", nil end
  return result -- an empty table is a list with entries: it passes for a map as well
end

--- A plain Lua value as a node without a place.
---@param value any
---@param depth integer|nil
---@return table
function node.of(value, depth)
  local kind = type(value)
  if kind == "table" then return table_node(value, depth or 0) end
  if kind == "string" then return node.quoted(value) end
  if kind == "number" then return node.word(number_text(value)) end
  if kind == "boolean" then return node.word(tostring(value)) end
  return { kind = "scalar", text = "", quoted = false, null = true }
end

local function child(from, step)
  if type(step) == "number" then return from.items and from.items[step] end
  for _, entry in ipairs(from.entries or {}) do
    if entry.key == step then return entry.value end
  end
end

--- The node at a path of keys and 1-based positions, or the nearest one above it.
---@param from table
---@param steps (string|integer)[]
---@return table
function node.at(from, steps)
  for _, step in ipairs(steps) do
    local below = child(from, step)
    if not below then return from end
    from = below
  end
  return from
end

--- "targets" and "weight" -> "targets.weight"; unusual keys in brackets.
---@param path string
---@param key string|integer  a number is a 1-based position
---@return string
function node.join(path, key)
  if type(key) == "number" then return ("%s[%d]"):format(path, key - 1) end
  if not key:find("^[%w_%-]+$") then return ("%s[%q]"):format(path, key) end
  return path == "" and key or path .. "." .. key
end

return node
