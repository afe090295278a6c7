-- SPDX-License-Identifier: Apache-2.0
--- What is to be kept of a translated response, so that it can be asked for and continued (lua/responses.lua does it).

local json = require "gateway.json"
local value = require "providers.dialects.neutral.value"

local member = value.member

---@class ResponseRecord JSON texts
---@field id string
---@field response string the Response object
---@field input string its input items
---@field output string? its output items with their seals, when those differ from the object's
---@field previous string? the response it continues

--- The input as a list of items.
local function input_of(request)
  local found = member(request, "input")
  if json.is_array(found) then return json.encode(found) end
  if type(found) ~= "string" then return "[]" end
  local part = { type = "input_text", text = found }
  return json.encode(json.array { { type = "message", role = "user", content = json.array { part } } })
end

--- Puts the record into `context.kept`; a client may forbid it.
---@param context FaceContext
---@param response string
---@param output string?
local function put(context, response, output)
  if member(context.request, "store") == false then return end
  local previous = member(context.request, "previous_response_id")
  context.kept.record = {
    id = context.kept.response_id, response = response, input = input_of(context.request), output = output,
    previous = type(previous) == "string" and previous or nil,
  }
end

return { put = put }
