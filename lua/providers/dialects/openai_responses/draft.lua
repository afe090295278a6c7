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

--- A server of OpenAI's own wire format may refuse members it does not know; a translation leaves them out itself.
local function wants_of(target)
  local dialect = target and target.dialect or "openai_chat"
  local provider, translated = target and target.provider or {}, dialect ~= "openai_chat"
  return {
    thoughts = translated or provider.name == "gemini-openai",
    reasoning = translated or (provider.params or {}).replays_reasoning == true,
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
