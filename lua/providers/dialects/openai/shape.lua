-- SPDX-License-Identifier: Apache-2.0
--- Failures as OpenAI's clients read them.

local json = require "gateway.json"

--- The `error` object.
---@param failure Failure
---@return table
local function object(failure)
  return {
    message = failure.message, type = failure.type, param = failure.param or json.null,
    code = failure.code or json.null,
  }
end

--- The whole answer.
---@param failure Failure
---@return integer status, string body
local function answer(failure)
  return failure.status, json.encode { error = object(failure) }
end

--- A member of the client's body that is not what it must be, whoever is asked.
---@param message string
---@param param string
---@return Failure
local function invalid(message, param)
  return {
    status = 400, type = "invalid_request_error", code = "invalid_request", message = message, param = param,
    final = true,
  }
end

--- The first member that is there and of another type.
---@param call table
---@param rules string[][] name, kind as call:get tells it, what to call it
---@return Failure?
local function fault(call, rules)
  local model, model_kind = call:get "model"
  if model_kind ~= "string" or model == "" then return invalid("model is required", "model") end
  for _, rule in ipairs(rules) do
    local _, kind = call:get(rule[1])
    if kind and kind ~= "null" and kind ~= rule[2] then
      return invalid(("%s must be %s"):format(rule[1], rule[3]), rule[1])
    end
  end
  return nil
end

return { object = object, answer = answer, invalid = invalid, fault = fault }
