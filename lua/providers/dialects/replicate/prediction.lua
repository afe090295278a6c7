-- SPDX-License-Identifier: Apache-2.0
--- A prediction: how it is created, and how its end is waited for. Once it was accepted it is never created again.

local failure = require "providers.dialects.neutral.failure"
local faults = require "providers.dialects.replicate.failure"
local json = require "gateway.json"
local statuses = require "providers.dialects.neutral.statuses"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

local PAUSE_FIRST, PAUSE_MOST, PAUSE_GROWTH = 500, 2000, 1.5 -- milliseconds between polls
local LONGEST_WAIT = 600000 -- milliseconds that one is polled for

local RUNNING = { starting = true, processing = true }

--- Where a model's predictions are created, and what the body says beside the input.
---@param model string "owner/name", "owner/name:version", a bare version, "deployments/owner/name"
---@return string path, table body
local function place(model)
  local deployment = model:match "^deployments/([^/:]+/[^/:]+)$"
  if deployment then return "/deployments/" .. deployment .. "/predictions", {} end
  local version = model:match ":([^:/]+)$" or #model == 64 and model:match "^%x+$"
  if version then return "/predictions", { version = version } end
  return "/models/" .. model .. "/predictions", {}
end

--- A model's name as it may stand in a path: two words, nothing else.
local function is_name(model)
  if model:find("..", 1, true) then return false end
  return model:find "^[%w%-_.]+/[%w%-_.]+$" ~= nil or model:find "^[%w%-_.]+/[%w%-_.]+:[%w%-_.]+$" ~= nil
    or model:find "^deployments/[%w%-_.]+/[%w%-_.]+$" ~= nil or #model == 64 and model:find "^%x+$" ~= nil
end

--- The request that creates one.
---@param call DialectCall
---@param input table
---@param headers table<string, string>?
---@return DialectRequest? request, Failure? failure
local function create(call, input, headers)
  if not is_name(call.model) then
    return nil, failure.request("model must be owner/name, owner/name:version, or a version", "model")
  end
  local path, body = place(call.model)
  body.input, body.stream = input, call.stream and call.surface == "chat" or nil
  local text, fault = json.encode(body)
  if not text then return nil, failure.request("the request cannot be written as JSON: " .. fault) end
  return { path = path, headers = headers, body = text }
end

--- A decoded prediction; nil and why it is none.
---@param text string
---@return table? prediction, Failure? failure
local function decoded(text)
  local prediction = json.decode(text)
  if typed(prediction, "status", "string") then return prediction end
  return nil, failure.answer("the upstream provider's answer is not a prediction")
end

---@param prediction table
---@param name "get"|"cancel"|"stream"
---@return string?
local function url(prediction, name)
  return typed(typed(prediction, "urls", "table"), name, "string")
end

--- Has the gateway cancel the prediction when the call is cut short: when the client goes away, or time is over.
local function guard(call, prediction)
  local cancel = url(prediction, "cancel")
  if call.undo and cancel then call.undo { url = cancel, method = "POST", body = "" } end
end

--- It is over: nothing is left to cancel.
---@param call DialectCall
local function release(call)
  if call.undo then call.undo(nil) end
end

local function poll(call, address)
  local reply, lost = call.ask { url = address, method = "GET" }
  if not reply then return nil, lost end
  if reply.status < 200 or reply.status > 299 then
    return nil, faults.of_answer(reply.status, reply.headers, reply.text)
  end
  return decoded(reply.text)
end

local function ended(prediction)
  if prediction.status == "succeeded" then return prediction end
  local words = member(prediction, "error")
  if words ~= nil and type(words) ~= "string" then words = json.encode(words) end
  return nil, faults.of_prediction(words or "the prediction was " .. prediction.status)
end

--- Waits until the prediction has ended.
---@param call DialectCall
---@param prediction table
---@return table? prediction that succeeded
---@return Failure? failure
local function await(call, prediction)
  local pause, waited, address = PAUSE_FIRST, 0, url(prediction, "get")
  guard(call, prediction)
  while RUNNING[prediction.status] do
    if not address then return nil, failure.answer("the upstream provider's prediction has no address") end
    if waited >= LONGEST_WAIT then return nil, statuses.made(statuses.TIMEOUT) end
    call.sleep(pause)
    waited, pause = waited + pause, math.min(pause * PAUSE_GROWTH, PAUSE_MOST)
    local polled, problem = poll(call, address)
    if not polled then return nil, problem end
    prediction = polled
  end
  release(call)
  return ended(prediction)
end

--- What it cost, as far as the model tells.
---@param prediction table?
---@return Usage?
local function usage_of(prediction)
  local metrics = typed(prediction, "metrics", "table")
  local input, output = typed(metrics, "input_token_count", "number"), typed(metrics, "output_token_count", "number")
  if not input and not output then return nil end
  return { prompt_tokens = input or 0, completion_tokens = output or 0 }
end

return {
  create = create, decoded = decoded, url = url, guard = guard, release = release, poll = poll, await = await,
  usage_of = usage_of,
}
