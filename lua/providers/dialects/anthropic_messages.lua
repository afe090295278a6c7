-- SPDX-License-Identifier: Apache-2.0
--- Anthropic's Messages API. The parts are in anthropic/, one noun each.

local count = require "providers.dialects.anthropic.count"
local face = require "providers.dialects.anthropic.face"
local failure = require "providers.dialects.anthropic.failure"
local request = require "providers.dialects.anthropic.request"
local response = require "providers.dialects.anthropic.response"
local stream = require "providers.dialects.anthropic.stream"

--- Whether the member `name` has no counterpart there and is left out, as the provider's data says.
---@param name string
---@param provider Provider
---@return boolean
local function refuses(name, provider)
  for _, dropped in ipairs(provider.params and provider.params.drop or {}) do
    if dropped == name then return true end
  end
  return false
end

---@type Dialect
return {
  name = "anthropic_messages",
  raw_keys = { parameters = true, schema = true, content = "long", text = "long" },
  refuses = refuses,
  request = request.build,
  response = response.translate,
  failure = failure.of_answer,
  stream = stream.open,
  event = stream.event,
  finish = stream.finish,
  usage = stream.usage,
  surfaces = { count_tokens = count },
  faces = face,
}
