-- SPDX-License-Identifier: Apache-2.0
--- OpenAI's legacy completions: POST /v1/completions in front of any chat model, or of a server that still has it. The
--- parts are in openai_completions/.

local answer = require "providers.dialects.openai_completions.answer"
local ask = require "providers.dialects.openai_completions.ask"
local flow = require "providers.dialects.openai_completions.flow"
local shape = require "providers.dialects.openai.shape"

local RULES = {
  { "stream", "boolean", "a boolean" }, { "stream_options", "object", "an object" }, { "n", "integer", "an integer" },
}

--- Looks at the members that decide where a request goes.
---@param call table
---@return table? read, Failure? failure
local function read(call)
  local problem = shape.fault(call, RULES)
  if problem then return nil, problem end
  return { model = call:get "model", stream = call:get "stream" == true, include_usage = true }
end

local function begins_with_any(model, prefixes)
  for _, prefix in ipairs(prefixes or {}) do
    if model:sub(1, #prefix) == prefix then return true end
  end
  return false
end

--- A provider that has legacy models beside others names them in its `wires`.
local function has_legacy(provider, model)
  local named = false
  for _, wire in ipairs(provider.wires or {}) do
    if wire.surface == "completions" then
      named = true
      if begins_with_any(model, wire.prefixes) then return true end
    end
  end
  return not named
end

--- The client's bytes, for a model that a provider has there.
---@param context FaceContext
---@param target table
---@return Forward?
local function forward(context, target)
  local path = (target.paths or {}).completions
  if not path or not has_legacy(target.provider, target.model or context.model) then return nil end
  return { path = path }
end

---@type Dialect
return {
  name = "openai_completions",
  faces = {
    completions = {
      endpoint = "completions",
      surface = "chat",
      read = read,
      forward = forward,
      request = ask.build,
      response = answer.translate,
      failure = shape.answer,
      stream = flow.stream,
      event = flow.event,
      finish = flow.finish,
      broken = flow.broken,
    },
  },
}
