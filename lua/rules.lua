-- SPDX-License-Identifier: Apache-2.0
--- The scalar types of the schema language and what their attributes demand: min, max, one_of, check, expand, secret.

local scalar = require "scalar"
local suggest = require "suggest"

local function plain(number)
  return ("%.14g"):format(number)
end

local KINDS = {
  integer = { read = scalar.integer, what = "a whole number", show = plain },
  number = { read = scalar.number, what = "a number", show = plain },
  boolean = { read = scalar.boolean, what = "true or false" },
  string = { read = scalar.string, what = "a string" },
  duration = { read = scalar.duration, what = "a duration", show = scalar.duration_text, min = 0 },
  bytes = { read = scalar.bytes, what = "a number of bytes", show = scalar.bytes_text, min = 0 },
}

local rules = { names = { "integer", "number", "boolean", "string", "duration", "bytes" } }

--- True for the name of a scalar type.
---@param name string
---@return boolean
function rules.is_scalar(name)
  return KINDS[name] ~= nil
end

--- An attribute such as min = "1s" as the value it stands for.
---@param spec table
---@param written any
---@return any
function rules.amount(spec, written)
  local kind = KINDS[spec[1]]
  if type(written) ~= "string" or not kind or not kind.show then return written end
  return assert(kind.read { text = written, quoted = true })
end

local function range_phrase(show, least, most)
  if least and most then return ("must be between %s and %s"):format(show(least), show(most)) end
  if least == 0 then return "must not be negative" end
  return least and "must be at least " .. show(least) or "must be at most " .. show(most)
end

local function range_problem(spec, value, shown)
  local kind = KINDS[spec[1]]
  if not kind.show then return nil end
  local least, most = rules.amount(spec, spec.min) or kind.min, rules.amount(spec, spec.max)
  if (least and value < least) or (most and value > most) then
    return ("%s, got %s"):format(range_phrase(kind.show, least, most), shown)
  end
end

local function length_problem(spec, value)
  if value == "" and spec.min then return "must not be empty" end
  if #value < (spec.min or 0) then return ("must have at least %d bytes, got %d"):format(spec.min, #value) end
  if #value > (spec.max or math.huge) then return ("must have at most %d bytes, got %d"):format(spec.max, #value) end
  if not spec.multiline and value:find("%c") then return "must not hold control characters or line breaks" end
end

local function choice_problem(spec, value, shown)
  local words = {}
  for i, choice in ipairs(spec.one_of) do
    if choice == value then return nil end
    words[i] = tostring(choice)
  end
  local phrase = spec.says or "must be one of " .. table.concat(words, ", ")
  return ("%s, got %s%s"):format(phrase, shown, type(value) == "string" and suggest.phrase(value, words) or "")
end

local function value_problem(spec, value, shown)
  local problem = spec.check and spec.check(value, shown)
  if not problem and type(value) == "string" then problem = length_problem(spec, value) end
  if not problem and spec.one_of then problem = choice_problem(spec, value, shown) end
  return problem or range_problem(spec, value, shown)
end

--- Replaces every ${NAME}; a bare $ is plain data.
---@param text string
---@param variable fun(name: string): string|nil
---@return string|nil, string|nil
function rules.expand(text, variable)
  local missing = {}
  local full = text:gsub("%${([%a_][%w_]*)}", function(name)
    local value = variable(name)
    if value and value ~= "" then return value end
    missing[#missing + 1] = name
  end)
  if #missing > 0 then return nil, "undefined environment variable(s): " .. table.concat(missing, ", ") end
  return full
end

--- A word that names variables, with their values in it. In { } YAML wants quotes around ${NAME}: they say nothing.
local function expanded(node, variable)
  if not node.text:find("${", 1, true) then return node end
  local text, problem = rules.expand(node.text, variable)
  if not text then return nil, problem end
  return { kind = "scalar", text = text, quoted = false, null = false }
end

local function secret_read(node)
  if node.quoted or node.text:find("${", 1, true) then return node.text end
  return nil, "must be written as ${NAME} or in quotes"
end

--- What the schema wants a message to begin with.
local function said(spec, node)
  if not spec.says then return "" end
  local word = scalar.quote(node.text):gsub("%%", "%%%%")
  return (spec.says:gsub("%%s", word)) .. ": "
end

--- The value of a scalar node under a scalar schema, or nil and what is wrong with it. A secret is never shown.
---@param node table
---@param spec table
---@param variable function|nil
---@param everywhere boolean|nil variables are replaced also where the schema does not say so
---@return any, string|nil
function rules.read(node, spec, variable, everywhere)
  local kind = KINDS[spec[1]]
  if node.kind ~= "scalar" or node.null then
    return nil, ("must be %s, got %s"):format(kind.what, scalar.shown(node))
  end
  local value, problem
  if everywhere and variable and spec[1] ~= "string" then node, problem = expanded(node, variable) end
  if not problem then value, problem = (spec.secret and secret_read or kind.read)(node) end
  if type(value) == "string" and (spec.expand or everywhere) and variable then
    value, problem = rules.expand(value, variable)
  end
  if value == nil then return nil, said(spec, node) .. problem end
  problem = value_problem(spec, value, spec.secret and "a hidden value" or scalar.shown(node))
  if problem then return nil, problem end
  return value
end

--- A word without a schema: a quoted one is a string, a plain one a boolean, a number or a string that looks like
--- neither; ${NAME} is replaced.
---@param node table
---@param variable function|nil
---@return any, string|nil
function rules.read_any(node, variable)
  if node.null then return nil end
  for _, kind in ipairs { "boolean", "number" } do
    local value = KINDS[kind].read(node)
    if value ~= nil then return value end
  end
  if not node.quoted and scalar.ambiguous(node.text) then
    return nil, ("ambiguous: %s; write a plain number, true, false, or quotes"):format(scalar.shown(node))
  end
  if variable then return rules.expand(node.text, variable) end
  return node.text
end

return rules
