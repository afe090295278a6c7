-- SPDX-License-Identifier: Apache-2.0
--- A client of the Messages API in front of a provider that speaks it: the client's bytes go out, its version and betas
--- with them. Only thinking that Anthropic would refuse is taken out: what another vendor or another model has thought.

local json = require "gateway.json"

local betas = require "providers.dialects.anthropic.betas"
local value = require "providers.dialects.neutral.value"

local typed = value.typed

local RAW = { raw = { input = true, input_schema = true, schema = true } }

-- How a block looks that Anthropic has not signed.
local FOREIGN = { '"signature":""', '"signature": ""', '"signature":"google:', '"signature": "google:' }

local function is_thought(block)
  local kind = typed(block, "type", "string")
  return kind == "thinking" or kind == "redacted_thinking"
end

local function is_foreign(block)
  local signature = typed(block, "signature", "string")
  return is_thought(block) and (signature == "" or signature ~= nil and signature:find "^google:" ~= nil)
end

--- The blocks that may stay; nil when that is all of them.
local function kept_blocks(content, refused)
  if type(content) ~= "table" then return nil end
  local kept = json.array {}
  for _, block in ipairs(content) do
    if not refused(block) then kept[#kept + 1] = block end
  end
  return #kept < #content and kept or nil
end

--- The messages without the blocks that `refused` names; a message of nothing else goes.
local function cleaned(text, refused)
  local list = json.array {}
  for _, message in ipairs(json.decode(text, RAW) or {}) do
    local kept = type(message) == "table" and kept_blocks(message.content, refused)
    if kept then message.content = kept end
    if not kept or #kept > 0 then list[#list + 1] = message end
  end
  return json.encode(list)
end

local function holds_foreign(text)
  for _, sign in ipairs(FOREIGN) do
    if text:find(sign, 1, true) then return true end
  end
  return false
end

--- The messages to send in place of the client's; nil: its own.
local function messages_for(context)
  local read = context.facts and context.facts.messages
  local text = read and read()
  if not text then return nil end
  if context.moved and text:find('thinking"', 1, true) then return cleaned(text, is_thought) end
  return holds_foreign(text) and cleaned(text, is_foreign) or nil
end

local function headers_of(context, provider)
  local given, own = context.headers or {}, provider.headers or {}
  return {
    ["anthropic-version"] = given["anthropic-version"] or own["anthropic-version"],
    ["anthropic-beta"] = betas.merged(given["anthropic-beta"], own["anthropic-beta"]),
  }
end

--- How the client's own bytes go to `target`; nil: it speaks something else.
---@param context FaceContext
---@param target table
---@param path string? below the base
---@return Forward?
local function forward(context, target, path)
  if target.dialect ~= "anthropic_messages" or not path then return nil end
  local messages = messages_for(context)
  return {
    path = context.query and context.query ~= "" and path .. "?" .. context.query or path,
    headers = headers_of(context, target.provider),
    edits = messages and { { verb = "set", name = "messages", value = messages } } or nil,
  }
end

local function message(context, target)
  local paths = target.paths or target.provider.paths or {}
  return forward(context, target, paths.messages or paths.chat)
end

local function count(context, target)
  local paths = target.paths or target.provider.paths or {}
  return forward(context, target, paths.count_tokens)
end

return { message = message, count = count }
