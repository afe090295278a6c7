-- SPDX-License-Identifier: Apache-2.0
--- Where calls go. A model is one segment of the path, encoded once; an ARN's region is its host's.

local json = require "gateway.json"

local failure = require "providers.dialects.neutral.failure"
local models = require "providers.dialects.bedrock.models"

local JSON = { accept = "application/json" }

--- The domain of a region's hosts.
local function domain(region)
  return region:find "^cn%-" and "amazonaws.com.cn" or "amazonaws.com"
end

--- The host of an ARN's region, where that is another than the target's. Behind an address of the operator's own
--- everything is there.
local function other_host(call)
  local own, wanted = (call.variables or {}).region, models.region(call.model)
  if not wanted or wanted == "" or not own or own == wanted or call.given then return nil end
  return ("https://bedrock-runtime.%s.%s"):format(wanted, domain(wanted))
end

--- A call about a model.
---@param call DialectCall
---@param action string "converse", "invoke" ...
---@param body table
---@param headers table<string, string>? those of a call for JSON unless given
---@param model string? another than the call's
---@return DialectRequest? request, Failure? failure
local function of_model(call, action, body, headers, model)
  model = model or call.model
  if model:find("..", 1, true) or model == "" then
    return nil, failure.request("this is no name of a model", "model", "model_not_found")
  end
  local text, fault = json.encode(body)
  if not text then return nil, failure.request("the request cannot be written as JSON: " .. fault) end
  local path, host = ("/model/%s/%s"):format(models.encoded(model), action), other_host(call)
  return { path = not host and path or nil, url = host and host .. path, headers = headers or JSON, body = text }
end

--- A call of Bedrock's agent runtime, which has hosts of its own.
---@param call DialectCall
---@param path string
---@param body table
---@return DialectRequest
local function of_agent(call, path, body)
  local region, made = call.variables.region, { headers = JSON, body = json.encode(body) }
  if call.given or not region then
    made.path = path
  else
    made.url = ("https://bedrock-agent-runtime.%s.%s%s"):format(region, domain(region), path)
  end
  return made
end

return { of_model = of_model, of_agent = of_agent }
