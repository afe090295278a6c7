-- SPDX-License-Identifier: Apache-2.0
--- Texts and decoded documents with pieces changed, the same in every run.

local json = require "gateway.json"

local mutation = {}

--- Numbers below `limit`.
function mutation.dice(seed)
  local state = seed
  return function(limit)
    state = (state * 16807) % 2147483647
    return state % limit
  end
end

local ODD = { '"', "{", "}", "[", "]", ",", ":", "0", "-", "null", "\\", "\n", "\0", "é", "\255", "" }

--- The text with one to three pieces replaced, doubled or dropped.
function mutation.bytes(text, roll)
  for _ = 0, roll(3) do
    local at, len = roll(#text) + 1, roll(12)
    local kind = roll(3)
    local piece = kind == 0 and ODD[roll(#ODD) + 1] or kind == 1 and text:sub(at, at + 2 * len) or ""
    text = text:sub(1, at - 1) .. piece .. text:sub(at + len)
  end
  return text
end

local function odd_value(roll)
  local kind = roll(9)
  if kind == 0 then return json.null elseif kind == 1 then return 7 elseif kind == 2 then return "x" end
  if kind == 3 then return true elseif kind == 4 then return {} elseif kind == 5 then return json.array {} end
  if kind == 6 then return json.array { 7, json.null, "x", {}, json.array {} } end
  if kind == 7 then return -1e300 end
  return { type = "text", text = 7, id = {}, name = json.array {}, content = true, url = 1 }
end

local function keys_of(map)
  local keys = {}
  for key in pairs(map) do keys[#keys + 1] = key end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  return keys
end

--- Puts something else in place of one value somewhere below `node`.
function mutation.value(node, roll)
  local keys = keys_of(node)
  if #keys == 0 then return end
  local key = keys[roll(#keys) + 1]
  if type(node[key]) == "table" and roll(4) > 0 then
    mutation.value(node[key], roll)
  else
    node[key] = odd_value(roll)
  end
end

return mutation
