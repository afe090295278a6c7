-- SPDX-License-Identifier: Apache-2.0
--- Moderations by Mistral: categories without the verdict that OpenAI's clients look for.

local failure = require "providers.dialects.neutral.failure"
local json = require "gateway.json"
local value = require "providers.dialects.neutral.value"

local typed = value.typed

---@param call DialectCall
---@param provider Provider
---@return DialectRequest? request, Failure? failure
local function request(call, provider)
  local body = { model = call.model, input = call.request.input }
  return { path = provider.paths.moderations, body = json.encode(body) }
end

local function is_flagged(categories)
  for _, found in pairs(categories or {}) do
    if found == true then return true end
  end
  return false
end

---@param call DialectCall
---@param text string
---@return string? text, Usage|Failure|nil
local function response(call, text)
  local answer = json.decode(text)
  local results = typed(answer, "results", "table")
  if not results then return nil, failure.answer("the upstream provider's answer holds no moderation") end
  for _, result in ipairs(results) do
    if typed(result, "flagged", "boolean") == nil then
      result.flagged = is_flagged(typed(result, "categories", "table"))
    end
  end
  local usage = typed(answer, "usage", "table")
  answer.model = typed(answer, "model", "string") or call.model
  return json.encode(answer), usage and {
    prompt_tokens = typed(usage, "prompt_tokens", "number"), total_tokens = typed(usage, "total_tokens", "number"),
  } or nil
end

---@type Operation
return { raw_keys = {}, request = request, response = response }
