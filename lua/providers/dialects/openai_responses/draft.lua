-- SPDX-License-Identifier: Apache-2.0
--- A client's request on its way to a chat body: what its parts share.

local failure = require "providers.dialects.neutral.failure"

---@class ResponsesDraft
---@field context FaceContext
---@field request table the client's body
---@field body table the chat body so far
---@field custom table<string, boolean> names of custom tools, which chat knows as functions
---@field wants ResponsesWants

---@class ResponsesWants what is of use to the one who is asked
---@field thoughts boolean signed blocks, and a vendor's additions that must come back
---@field reasoning boolean earlier reasoning as text
---@field media boolean images and files inside of a tool's result
---@field custom boolean chat's own custom tools

local draft = {}

-- Dialects that reach Claude: there a tool's result may hold images.
local CLAUDE = { "^anthropic", "^vertex_anthropic", "^bedrock" }

local function reaches_claude(dialect)
  for _, pattern in ipairs(CLAUDE) do
    if dialect:find(pattern) then return true end
  end
  return false
end

-- Dialects that pass members on as they are: a server may refuse those it does not know.
local VERBATIM = { openai_chat = true, openai_variant = true, mistral = true, ai21 = true }

local function wants_of(target)
  local dialect = target and target.dialect or "openai_chat"
  local provider, verbatim = target and target.provider or {}, VERBATIM[dialect]
  local back = (provider.history or {}).reasoning
  return {
    thoughts = not verbatim or provider.name == "gemini-openai",
    reasoning = not verbatim or back == "always" or back == "calls",
    media = reaches_claude(dialect),
    custom = dialect == "openai_responses",
  }
end

---@param context FaceContext
---@return ResponsesDraft
function draft.new(context)
  return {
    context = context, request = context.request, body = {}, custom = {}, wants = wants_of(context.target),
  }
end

--- Something without which the request would mean something else.
---@param name string
---@param hint string
---@return Failure
function draft.refused(name, hint)
  return failure.request(("%s is not available for this model: %s"):format(name, hint), name, "unsupported_parameter")
end

return draft
