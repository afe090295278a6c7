-- SPDX-License-Identifier: Apache-2.0
--- Why an answer ended, in Anthropic's words; and what its parts are called there.

local random = require "gateway.random"

local ids = require "providers.dialects.neutral.ids"

local REASONS = { length = "max_tokens", content_filter = "refusal" }
local CALLS = { tool_calls = true, function_call = true }

--- Whoever reads "tool_use" runs tools: there must be some, and when there are some it must be read.
---@param reason string OpenAI's finish_reason
---@param has_calls boolean
---@return string
local function reason_of(reason, has_calls)
  local found = REASONS[reason]
  if found then return found end
  if has_calls or CALLS[reason] then return "tool_use" end
  return "end_turn"
end

--- The message's id, made of the answer's.
---@param id string?
---@return string
local function message_id(id)
  local plain = id and id:gsub("^chatcmpl%-", ""):gsub("^msg_", "")
  return "msg_" .. (plain and plain ~= "" and plain or random.alphanumeric(24))
end

--- The ids of one answer's calls: as they are where Anthropic's clients take them, else in a spelling of their own.
---@return Spelling
local function call_ids()
  return ids.new("[^%w_%-]", 128)
end

---@param spelling Spelling
---@param id string?
---@return string
local function call_id(spelling, id)
  if not id or id == "" then id = "toolu_" .. random.alphanumeric(24) end
  return ids.spell(spelling, id)
end

return { reason = reason_of, message_id = message_id, call_ids = call_ids, call_id = call_id }
