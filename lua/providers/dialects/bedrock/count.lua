-- SPDX-License-Identifier: Apache-2.0
--- Tokens of a conversation, counted before it is sent. The model's name goes without its region prefix.

local json = require "gateway.json"

local failure = require "providers.dialects.neutral.failure"
local models = require "providers.dialects.bedrock.models"
local place = require "providers.dialects.bedrock.place"
local request = require "providers.dialects.bedrock.request"
local value = require "providers.dialects.neutral.value"

---@param call DialectCall
---@return DialectRequest? request, Failure? failure
local function build(call)
  local body, problem = request.body_of(call)
  if not body then return nil, problem end
  local counted = {
    messages = body.messages, system = body.system, toolConfig = body.toolConfig,
    additionalModelRequestFields = body.additionalModelRequestFields,
  }
  return place.of_model(call, "count-tokens", { input = { converse = counted } }, nil, models.bare(call.model))
end

---@param text string
---@return string? text, Usage|Failure|nil
local function response(_, text)
  local count = value.typed(json.decode(text), "inputTokens", "number")
  if not count then return nil, failure.answer("the upstream provider's answer is no count") end
  return json.encode { input_tokens = count }, {}
end

return { request = build, response = response }
