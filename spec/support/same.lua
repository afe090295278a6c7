-- SPDX-License-Identifier: Apache-2.0
--- Whether a decoded document is the one a transcript expects: the order of members is free, an optional null equals an
--- absent member, generated ids and times match any.

local json = require "gateway.json"

local function is_nothing(found)
  return found == nil or found == json.null
end

--- "<generated>" stands for any text, "<generated:N>" for the same text wherever N comes back.
local function generated(expected, actual, bound)
  local before, number, after = expected:match("^(.-)<generated:?(%d*)>(.*)$")
  if not before or type(actual) ~= "string" or #actual <= #before + #after then return false end
  if actual:sub(1, #before) ~= before or (after ~= "" and actual:sub(-#after) ~= after) then return false end
  if number == "" then return true end
  local text = actual:sub(#before + 1, #actual - #after)
  for other, taken in pairs(bound) do
    if (other == number) ~= (taken == text) then return false end
  end
  bound[number] = text
  return true
end

local function is_whole(found)
  return type(found) == "number" and found >= 0 and found == math.floor(found)
end

local function scalar_problem(expected, actual, path, bound)
  expected, actual = json.number(expected) or expected, json.number(actual) or actual
  local fits = expected == actual
  if type(expected) == "string" then
    fits = fits or (expected == "<integer>" and is_whole(actual)) or generated(expected, actual, bound)
  elseif path:find("created$") and expected == 0 then
    fits = is_whole(actual)
  end
  if fits then return nil end
  local found = actual == nil and "nothing" or json.encode(actual)
  return ("%s: expected %s, got %s"):format(path, json.encode(expected), found)
end

local problem

local function names_of(expected, actual)
  local names = {}
  for name in pairs(expected) do names[name] = true end
  for name in pairs(actual) do names[name] = true end
  return names
end

--- In the first place where they differ, what differs; nil when they are the same.
function problem(expected, actual, path, bound)
  if is_nothing(expected) and is_nothing(actual) then return nil end
  if type(expected) ~= "table" or type(actual) ~= "table" or is_nothing(expected) then
    return scalar_problem(expected == nil and json.null or expected, actual, path, bound)
  end
  for name in pairs(names_of(expected, actual)) do
    local found = problem(expected[name], actual[name], path .. "." .. name, bound)
    if found then return found end
  end
  return nil
end

--- A content string equals a list with one text part.
local function with_parts(messages)
  for _, message in ipairs(type(messages) == "table" and messages or {}) do
    if type(message) == "table" and type(message.content) == "string" then
      message.content = { { type = "text", text = message.content } }
    end
  end
end

local same = {}

---@param expected any
---@param actual any
---@return boolean ok, string? what differs
function same.document(expected, actual)
  local found = problem(expected, actual, "body", {})
  return found == nil, found
end

--- Two names of one parameter.
local function with_new_name(body)
  if is_nothing(body.max_completion_tokens) then
    body.max_completion_tokens, body.max_tokens = body.max_tokens, nil
  end
end

--- The same for a request body.
function same.request(expected, actual)
  for _, body in ipairs { expected, actual } do
    if type(body) == "table" then
      with_parts(body.messages)
      with_new_name(body)
    end
  end
  return same.document(expected, actual)
end

return same
