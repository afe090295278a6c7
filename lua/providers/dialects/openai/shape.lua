-- SPDX-License-Identifier: Apache-2.0
--- Failures as OpenAI's clients read them.

local failure = require "providers.dialects.neutral.failure"
local json = require "gateway.json"

--- The `error` object.
---@param problem Failure
---@return table
local function object(problem)
  return {
    message = problem.message, type = problem.type, param = problem.param or json.null,
    code = problem.code or json.null,
  }
end

--- The whole answer.
---@param problem Failure
---@return integer status, string body
local function answer(problem)
  return problem.status, json.encode { error = object(problem) }
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

--- Something that chat cannot say: refused or left out, as the configuration wants it. The client reads the names of
--- what was left out in a header.
---@param context FaceContext
---@param name string what the client reads
---@param param string where it stands
---@return Failure?
local function leave_out(context, name, param)
  if context.on_unsupported_param == "reject" then
    return failure.request(name .. " is not available for this model", param, "unsupported_parameter")
  end
  local dropped = context.dropped or {}
  for _, known in ipairs(dropped) do
    if known == name then return nil end
  end
  dropped[#dropped + 1] = name
  context.dropped = dropped
  return nil
end

return { object = object, answer = answer, invalid = invalid, fault = fault, leave_out = leave_out }
