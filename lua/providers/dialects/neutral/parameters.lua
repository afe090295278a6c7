-- SPDX-License-Identifier: Apache-2.0
--- Parameters of a chat request as every vendor's step reads them.

local failure = require "providers.dialects.neutral.failure"
local json = require "gateway.json"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

---@class Format
---@field kind "json_object"|"json_schema"
---@field text string? JSON text of the schema

--- What `response_format` asks for; nil without a failure when it asks for nothing but text.
---@param request table
---@return Format? format, Failure? failure
local function format_of(request)
  local found = typed(request, "response_format", "table")
  local kind = typed(found, "type", "string")
  if kind == "json_object" then return { kind = kind } end
  if kind ~= "json_schema" then return nil end
  local text = member(typed(found, "json_schema", "table"), "schema")
  if text == nil then
    return nil, failure.request("json_schema needs a schema", "response_format.json_schema.schema")
  end
  return { kind = kind, text = json.encode(text) }
end

--- A number, nil when it is absent or null.
---@param request table
---@param name string
---@return number? found, Failure? failure
local function number_of(request, name)
  local found = typed(request, name, "number")
  if found or member(request, name) == nil then return found end
  return nil, failure.request(name .. " must be a number", name)
end

--- `stop` as a list without blank sequences: vendors refuse those.
---@param request table
---@return string[]? list, Failure? failure
local function stops_of(request)
  local found, list = member(request, "stop"), json.array {}
  if type(found) == "string" then found = { found } end
  if found ~= nil and type(found) ~= "table" then
    return nil, failure.request("stop must be a string or an array of strings", "stop")
  end
  for _, text in ipairs(found or {}) do
    if type(text) ~= "string" then
      return nil, failure.request("stop must be a string or an array of strings", "stop")
    end
    if not value.blank(text) then list[#list + 1] = text end
  end
  return list
end

return { format = format_of, number = number_of, stops = stops_of }
