-- SPDX-License-Identifier: Apache-2.0
--- Output items: what an assistant's chat message says, item by item.

local ids = require "providers.dialects.openai_responses.ids"
local json = require "gateway.json"
local seal = require "providers.dialects.openai_responses.seal"
local tools = require "providers.dialects.openai_responses.tools"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

---@class ItemMaker what the items of one answer share
---@field response_id string
---@field custom table<string, boolean> names of custom tools
---@field summary boolean the client asked for summaries: reasoning is told as one
---@field sealed boolean the client wants reasoning to come back with its seal

---@param kept table context.kept
---@return ItemMaker
local function maker(kept)
  return { response_id = kept.response_id, custom = kept.custom or {}, summary = kept.summary, sealed = kept.sealed }
end

--- Reasoning. Its seal goes out only to who asked for it; in what is kept here it stays.
---@param make ItemMaker
---@param index integer
---@param text string
---@param blocks table[]? another vendor's signed blocks
---@return table item, table? kept the item as it is to be kept, when that differs
local function reasoning(make, index, text, blocks)
  local item = { id = ids.item(make.response_id, "reasoning", index), type = "reasoning", summary = json.array {} }
  if text ~= "" and make.summary then
    item.summary[1] = { type = "summary_text", text = text }
  elseif text ~= "" then
    item.content = json.array { { type = "reasoning_text", text = text } }
  end
  if not blocks or not blocks[1] then return item end
  local kept = { encrypted_content = seal.pack(blocks) }
  for name, found in pairs(item) do kept[name] = found end
  if make.sealed then return kept end
  return item, kept
end

--- A chat's annotation; nil for a kind nobody knows.
---@param found any
---@return table?
local function annotation(found)
  local citation = typed(found, "url_citation", "table")
  local url = typed(citation, "url", "string")
  if not url then return nil end
  return {
    type = "url_citation", url = url, title = typed(citation, "title", "string") or "",
    start_index = typed(citation, "start_index", "number") or 0,
    end_index = typed(citation, "end_index", "number") or 0,
  }
end

---@param list any
---@return table[]
local function annotations(list)
  local made = json.array {}
  for _, found in ipairs(type(list) == "table" and list or {}) do made[#made + 1] = annotation(found) end
  return made
end

--- Chat's token entries: `top_logprobs` must be there.
---@param found any `logprobs` of a choice
---@return table[]
local function logprobs(found)
  local made = json.array {}
  for _, entry in ipairs(typed(found, "content", "table") or {}) do
    if type(entry) == "table" then
      made[#made + 1] = {
        token = member(entry, "token"), logprob = member(entry, "logprob"), bytes = member(entry, "bytes"),
        top_logprobs = json.array(typed(entry, "top_logprobs", "table") or {}),
      }
    end
  end
  return made
end

---@param text string
---@param notes table[]?
---@param probabilities table[]?
---@return table part
local function text_part(text, notes, probabilities)
  return {
    type = "output_text", text = text, annotations = notes or json.array {}, logprobs = probabilities or json.array {},
  }
end

---@param text string
---@return table part
local function refusal_part(text)
  return { type = "refusal", refusal = text }
end

---@param make ItemMaker
---@param index integer
---@param parts table[]
---@param status string
---@return table item
local function message(make, index, parts, status)
  return {
    id = ids.item(make.response_id, "message", index), type = "message", role = "assistant", status = status,
    content = json.array(parts),
  }
end

---@class CallFacts
---@field id string the call's
---@field name string
---@field arguments string
---@field custom boolean? free text from a server that knows chat's own custom tools
---@field extra table? a vendor's additions that must come back

---@param make ItemMaker
---@param index integer
---@param call CallFacts
---@param status string
---@return table item
local function called(make, index, call, status)
  local is_custom = call.custom or make.custom[call.name] == true
  local kind = is_custom and "custom_tool_call" or "function_call"
  local item = {
    id = ids.item(make.response_id, kind, index), type = kind, status = status, call_id = call.id, name = call.name,
    extra_content = call.extra,
  }
  if not is_custom then
    item.arguments = call.arguments
  else
    item.input = call.custom and call.arguments or tools.custom_input(call.arguments)
  end
  return item
end

return {
  maker = maker,
  reasoning = reasoning,
  annotations = annotations,
  logprobs = logprobs,
  text_part = text_part,
  refusal_part = refusal_part,
  message = message,
  called = called,
}
