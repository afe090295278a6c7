-- SPDX-License-Identifier: Apache-2.0
--- A client of the Messages API in front of a provider that speaks it: the client's bytes go out, its version and betas
--- with them. Only thinking that Anthropic would refuse is taken out: what another vendor or another model has thought.

local json = require "gateway.json"

local betas = require "providers.dialects.anthropic.betas"
local value = require "providers.dialects.neutral.value"
local vertex = require "providers.dialects.vertex.anthropic"

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
  local text = context.facts.raw "messages"
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

--- What must differ in the client's body.
local function edits_of(context)
  local messages = messages_for(context)
  return messages and { { verb = "set", name = "messages", value = messages } } or {}
end

--- To a provider whose API is Anthropic's own.
local function own(context, target)
  if not target.path then return nil end
  local query = context.query
  return {
    path = query and query ~= "" and target.path .. "?" .. query or target.path,
    headers = headers_of(context, target.provider), edits = edits_of(context),
  }
end

-- Vertex -------------------------------------------------------------------------------------------------------------

local NEWER = "2026-10-21" -- unverified: as a version of Vertex's

local function vertex_version(context)
  return (context.headers or {})["anthropic-version"] == NEWER and NEWER or vertex.version
end

--- What Vertex does not take as it stands, and the translation can mend: a marker for the whole body, addresses that
--- must be fetched.
local function must_be_translated(facts)
  if facts.raw "cache_control" then return true end
  local text = facts.raw "messages" or ""
  return text:find('"url"', 1, true) ~= nil and text:find '"type"%s*:%s*"url"' ~= nil
end

local function to_vertex(context, target)
  local facts, edits = context.facts, edits_of(context)
  if must_be_translated(facts) then return nil end
  for _, name in ipairs(vertex.refused) do
    if facts.raw(name) then edits[#edits + 1] = { verb = "remove", name = name } end
  end
  edits[#edits + 1] = { verb = "set", name = "anthropic_version", value = json.encode(vertex_version(context)) }
  return {
    path = vertex.path(target.model, context.stream), edits = edits,
    headers = { ["anthropic-beta"] = vertex.betas((context.headers or {})["anthropic-beta"]) },
  }
end

--- How the client's own bytes go to `target`; nil: it speaks something else, or only translation makes them fit.
---@param context FaceContext
---@param target table
---@return Forward?
local function message(context, target)
  if target.dialect == "anthropic_messages" then return own(context, target) end
  if target.dialect == "vertex_anthropic" then return to_vertex(context, target) end
  return nil
end

---@param context FaceContext
---@param target table
---@return Forward?
local function count(context, target)
  return target.dialect == "anthropic_messages" and own(context, target) or nil
end

return { message = message, count = count }
