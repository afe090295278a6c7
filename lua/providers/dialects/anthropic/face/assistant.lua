-- SPDX-License-Identifier: Apache-2.0
--- An assistant's blocks as one of OpenAI's messages. Another vendor's signatures travel in thinking blocks whose
--- signature begins with "google:"; only those whom they concern get any.

local json = require "gateway.json"

local ids = require "providers.dialects.neutral.ids"
local ordered = require "providers.dialects.neutral.ordered"
local parts = require "providers.dialects.anthropic.face.parts"
local value = require "providers.dialects.neutral.value"

local typed = value.typed

---@class AssistantTurn
---@field texts table[] text parts
---@field calls table[]
---@field known FaceCall[]
---@field reasoning string[]
---@field thoughts table[] signed blocks
---@field google string? a signature that waits for its call

local function signed(signature)
  return signature and { google = { thought_signature = signature } } or nil
end

local function take_thinking(turn, block)
  local signature = typed(block, "signature", "string")
  local google = signature and signature:match "^google:(.*)$"
  if google then
    turn.google = google
    return
  end
  turn.reasoning[#turn.reasoning + 1] = typed(block, "thinking", "string")
  turn.thoughts[#turn.thoughts + 1] = block
end

local function take_redacted(turn, block)
  turn.thoughts[#turn.thoughts + 1] = block
end

local function take_call(turn, block, wants, spelling)
  local id = typed(block, "id", "string") or ""
  local sent = ids.spell(spelling, id)
  local input = block.input ~= nil and json.encode(block.input) or "{}"
  turn.known[#turn.known + 1] = { id = id, sent = sent }
  turn.calls[#turn.calls + 1] = {
    id = sent, type = "function",
    ["function"] = { name = typed(block, "name", "string") or "", arguments = ordered.compact(input) },
    extra_content = wants.google and signed(turn.google) or nil,
    cache_control = wants.claude and typed(block, "cache_control", "table") or nil,
  }
  turn.google = nil
end

local TAKE = { thinking = take_thinking, redacted_thinking = take_redacted, tool_use = take_call }

local function read(blocks, wants, spelling, where)
  local turn = { texts = {}, calls = {}, known = {}, reasoning = {}, thoughts = {} }
  local problem
  for _, block in ipairs(blocks) do
    local kind = typed(block, "type", "string")
    if kind == "text" then
      problem = problem or parts.add(turn.texts, { block }, wants, where)
    elseif TAKE[kind] then
      TAKE[kind](turn, block, wants, spelling)
    end
  end
  return turn, problem
end

--- Texts are joined without anything between them, unless markers keep them apart.
local function content_of(turn)
  for _, part in ipairs(turn.texts) do
    if part.cache_control then return parts.content(turn.texts) end
  end
  local text = parts.split(turn.texts, "")
  return text ~= "" and text or nil
end

local function reasoning_of(turn, wants)
  local text = wants.reasoning and table.concat(turn.reasoning) or ""
  return text ~= "" and text or nil
end

--- The message, and its calls; nothing when it says nothing.
---@param blocks table[]
---@param wants Wants
---@param spelling Spelling
---@param where string
---@return table? message, FaceCall[]? calls, Failure? failure
local function message(blocks, wants, spelling, where)
  local turn, problem = read(blocks, wants, spelling, where)
  if problem then return nil, nil, problem end
  local content, thoughts = content_of(turn), wants.claude and #turn.thoughts > 0 and json.array(turn.thoughts) or nil
  if not content and #turn.calls == 0 and not thoughts then return nil end
  local made = {
    role = "assistant", content = content or json.null, thinking_blocks = thoughts,
    tool_calls = #turn.calls > 0 and json.array(turn.calls) or nil,
    reasoning_content = reasoning_of(turn, wants), extra_content = wants.google and signed(turn.google) or nil,
  }
  return made, #turn.known > 0 and turn.known or nil
end

return { message = message }
