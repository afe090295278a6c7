-- SPDX-License-Identifier: Apache-2.0
--- What differs in the parameters of a request from provider to provider, as their data says: what is edited, and what
--- is not taken.

local edits = require "providers.dialects.openai.edits"
local rules = require "providers.dialects.openai.rules"

--- Whether the provider ignores or refuses the member `name` for this model.
---@param name string
---@param provider Provider
---@param model string
---@param surface string? chat without one
---@return boolean
local function refuses(name, provider, model, surface)
  return rules.refuses(name, provider, model, surface or "chat")
end

return { edits = edits.edits, refuses = refuses }
