-- SPDX-License-Identifier: Apache-2.0
--- Chat's token probabilities in the legacy form: columns instead of rows.

local json = require "gateway.json"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

local function alternatives(entry)
  local found
  for _, other in ipairs(typed(entry, "top_logprobs", "table") or {}) do
    local token = typed(other, "token", "string")
    if token then
      found = found or {}
      found[token] = member(other, "logprob")
    end
  end
  return found or json.null
end

--- The legacy object; JSON's null when chat says nothing.
---@param found any `logprobs` of a choice
---@param offset integer characters before the first token
---@return any logprobs, integer offset after the last token
local function of_chat(found, offset)
  local list = typed(found, "content", "table")
  if not list or not list[1] then return json.null, offset end
  local tokens, probabilities, tops, offsets = json.array {}, json.array {}, json.array {}, json.array {}
  for i, entry in ipairs(list) do
    local token = typed(entry, "token", "string") or ""
    tokens[i], probabilities[i], tops[i], offsets[i] =
      token, member(entry, "logprob") or json.null, alternatives(entry), offset
    offset = offset + value.characters(token)
  end
  return { tokens = tokens, token_logprobs = probabilities, top_logprobs = tops, text_offset = offsets }, offset
end

return { of_chat = of_chat }
