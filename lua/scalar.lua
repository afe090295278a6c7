-- SPDX-License-Identifier: Apache-2.0
--- One written word -> one typed value. Every reader takes a scalar node and returns the value, or nil and what it must
--- be with a hint. Words that two YAML readers would take for two different values are refused, never guessed.

---@class ScalarNode
---@field text string       what was written
---@field quoted boolean    in quotes: it can only be a string
---@field null boolean      nothing, ~ or null

local TRUTHS = {
  yes = "true", on = "true", y = "true", ["true"] = "true",
  no = "false", off = "false", n = "false", ["false"] = "false",
}
local MILLISECONDS = { ns = 1e-6, us = 1e-3, ["µs"] = 1e-3, ms = 1, s = 1000, m = 60000, h = 3600000 }
local BYTES = { B = 1, KiB = 1024, MiB = 1024 ^ 2, GiB = 1024 ^ 3 }
local BINARY_UNIT = { K = "KiB", KB = "KiB", M = "MiB", MB = "MiB", G = "GiB", GB = "GiB" }
local INTEGER_MAX = 9007199254740991 -- 2^53 - 1: beyond it neighbours become one number
local SHOWN_MAX = 60 -- bytes of a value in a message
local WORD_MAX = 64 -- no number or duration is longer; keeps the patterns below away from long texts
local DURATION_MAX = 2147483647 -- milliseconds in a 32-bit timer: 24 days

local scalar = {}

--- Fit for one line of a message: cut when long, control characters replaced.
local function short(text)
  if #text > SHOWN_MAX then text = text:sub(1, SHOWN_MAX - 3):gsub("[\192-\255]?[\128-\191]*$", "") .. "..." end
  return (text:gsub("%c", "?"))
end

---@param text string
---@return string
function scalar.quote(text)
  return '"' .. short(text) .. '"'
end

--- How a message shows what was written.
---@param node table
---@return string
function scalar.shown(node)
  if node.kind == "map" or node.kind == "list" then return "a " .. node.kind end
  if node.null then return "nothing" end
  return node.quoted and scalar.quote(node.text) or short(node.text)
end

local function plain(number)
  return ("%.0f"):format(number)
end

--- The one number an odd notation most likely means, or nil.
local function meant(text)
  if #text > WORD_MAX then return nil end
  local digits = text:gsub("_", ""):gsub("^%+", "")
  if digits:find("^%-?0[xX]%x+$") then return tonumber(digits) end
  local sign, octal = digits:match("^(%-?)0[oO]([0-7]+)$")
  if octal then return tonumber(sign .. tonumber(octal, 8)) end
  if digits:find("^%-?%d+$") or digits:find("^%-?%d+%.?%d*[eE]%+?%d+$") or digits:find("^%-?%d+%.0+$") then
    return tonumber(digits)
  end
  return nil
end

local function number_hint(node, whole)
  local text = node.text
  if #text > WORD_MAX then
    return ""
  elseif node.quoted then
    return meant(text) and ": remove the quotes" or ""
  elseif text:find("^[-+]?%d+:[%d:.]+$") then
    return ": some YAML readers take this for base 60, write one number"
  elseif text:lower():find("^[-+]?%.inf$") or text:lower() == ".nan" then
    return ": write a finite number"
  end
  local number = meant(text)
  local exact = number and number == math.floor(number) and math.abs(number) <= INTEGER_MAX
  if exact then return ": write " .. plain(number) end
  return whole and not text:find("^%-?%d+$") and tonumber(text) and ": write it without a fraction" or ""
end

---@param node ScalarNode
---@return number|nil, string|nil
function scalar.integer(node)
  local text = node.text
  if node.quoted or not (text == "0" or text:find("^%-?[1-9]%d*$")) then
    return nil, "must be a whole number, got " .. scalar.shown(node) .. number_hint(node, true)
  end
  local number = tonumber(text)
  if math.abs(number) > INTEGER_MAX then
    return nil, ("must be a whole number of at most %s, got %s"):format(plain(INTEGER_MAX), scalar.shown(node))
  end
  return number
end

local function decimal_text(text)
  local whole, rest = text:match("^%-?(%d+)(.*)$")
  if not whole or (#whole > 1 and whole:sub(1, 1) == "0") then return false end
  rest = rest:gsub("^%.%d+", "")
  return rest == "" or rest:find("^[eE][-+]?%d+$") ~= nil
end

---@param node ScalarNode
---@return number|nil, string|nil
function scalar.number(node)
  if node.text:find("^%-?%d+$") then return scalar.integer(node) end
  local number = not node.quoted and decimal_text(node.text) and tonumber(node.text)
  if number and math.abs(number) < math.huge then return number end
  return nil, "must be a number, got " .. scalar.shown(node) .. number_hint(node, false)
end

---@param node ScalarNode
---@return boolean|nil, string|nil
function scalar.boolean(node)
  if not node.quoted and (node.text == "true" or node.text == "false") then return node.text == "true" end
  local truth = TRUTHS[node.text:lower()]
  local hint = truth and ": write " .. truth .. (node.quoted and " without quotes" or "") or ""
  return nil, "must be true or false, got " .. scalar.shown(node) .. hint
end

--- Would some reader of YAML take this plain word for a number, a boolean or base 60?
---@param text string
---@return boolean
function scalar.ambiguous(text)
  if #text > WORD_MAX then return false end
  local lower = text:lower()
  if TRUTHS[lower] and #text > 1 then return true end
  return lower:find("^[-+]?%.?%d[%d_]*%.?[%d_]*$") ~= nil or lower:find("^[-+]?%.?%d[%d_]*%.?[%d_]*e[-+]?%d+$") ~= nil
    or lower:find("^[-+]?0[xob][%x_]+$") ~= nil or lower:find("^[-+]?%d+:[%d:.]+$") ~= nil
    or lower:find("^[-+]?%.inf$") ~= nil or lower == ".nan"
end

---@param node ScalarNode
---@return string|nil, string|nil
function scalar.string(node)
  if node.quoted or not scalar.ambiguous(node.text) then return node.text end
  return nil, "must be a string, got " .. scalar.shown(node) .. ": put it in quotes"
end

--- "1m30s" -> milliseconds, in Go's notation; nil when it is none.
local function milliseconds(text)
  local sign, rest = text:match("^([-+]?)(.+)$")
  if rest == "0" then return 0 end
  local total = 0
  while rest and rest ~= "" do
    local amount, unit, more = rest:match("^(%d*%.?%d*)([%aµ]+)(.*)$")
    local number = amount and amount ~= "." and tonumber(amount)
    if not number or not MILLISECONDS[unit] then return nil end
    total, rest = total + number * MILLISECONDS[unit], more
  end
  return rest and (sign == "-" and -total or total)
end

--- Text of a number of milliseconds: 90000 -> "1m30s".
---@param number integer
---@return string
function scalar.duration_text(number)
  if number == 0 then return "0s" end
  local text = number < 0 and "-" or ""
  number = math.abs(number)
  for _, unit in ipairs { "h", "m", "s", "ms" } do
    local count = math.floor(number / MILLISECONDS[unit])
    if count > 0 then text = text .. plain(count) .. unit end
    number = number - count * MILLISECONDS[unit]
  end
  return text
end

---@param node ScalarNode
---@return integer|nil milliseconds, string|nil
function scalar.duration(node)
  local exact = #node.text <= WORD_MAX and milliseconds(node.text)
  if not exact then
    local bare = #node.text < 10 and node.text:find("^[1-9]%d*$")
    local hint = bare and (": write %ss or %sms"):format(node.text, node.text) or ""
    return nil, "must be a duration such as 90s, 1m30s or 500ms, got " .. scalar.shown(node) .. hint
  end
  local number = math.floor(exact + 0.5)
  if number == 0 and exact ~= 0 then return nil, "must be whole milliseconds, got " .. scalar.shown(node) end
  if number > DURATION_MAX then
    return nil, ("must be at most %s, got %s"):format(scalar.duration_text(DURATION_MAX), scalar.shown(node))
  end
  return number
end

--- Text of a number of bytes: 33554432 -> "32MiB".
---@param number integer
---@return string
function scalar.bytes_text(number)
  for _, unit in ipairs { "GiB", "MiB", "KiB" } do
    if number ~= 0 and number % BYTES[unit] == 0 then return plain(number / BYTES[unit]) .. unit end
  end
  return plain(number)
end

---@param node ScalarNode
---@return integer|nil bytes, string|nil
function scalar.bytes(node)
  local digits, unit
  if #node.text <= WORD_MAX then digits, unit = node.text:match("^(%-?%d+)(%a+)$") end
  if not digits and not node.quoted then digits, unit = node.text, "B" end
  local number = digits and BYTES[unit] and scalar.integer { text = digits }
  if number and math.abs(number * BYTES[unit]) <= INTEGER_MAX then return number * BYTES[unit] end
  local hint = BINARY_UNIT[unit] and ": write " .. digits .. BINARY_UNIT[unit] or number_hint(node, true)
  return nil, "must be a number of bytes such as 1048576, 64KiB or 32MiB, got " .. scalar.shown(node) .. hint
end

return scalar
