-- SPDX-License-Identifier: Apache-2.0
--- A whole answer of Anthropic's Messages API as a `chat.completion`.

local json = require "gateway.json"

local failure = require "providers.dialects.neutral.failure"
local mended = require "providers.dialects.neutral.mended"
local reply = require "providers.dialects.neutral.reply"
local stop = require "providers.dialects.anthropic.stop"
local usage = require "providers.dialects.anthropic.usage"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

-- The order and the number spelling of tool arguments are the model's; a long text is only passed on.
local OPTIONS = { raw = { input = true, text = "long" } }

---@class Reading an answer while its blocks are read
---@field kept table what the request left: names, answer_tool
---@field text (string|userdata)[]
---@field reasoning string[]
---@field thoughts table[]
---@field calls table[]
---@field annotations table[]

local function add_citation(reading, citation, from, to)
  local url = typed(citation, "url", "string")
  if not url then return end
  reading.annotations[#reading.annotations + 1] = {
    type = "url_citation",
    url_citation = { start_index = from, end_index = to, url = url, title = member(citation, "title") },
  }
end

--- All texts in one; a single one as it stands.
local function joined(texts)
  if #texts == 1 then return texts[1] end
  local list = {}
  for i, text in ipairs(texts) do list[i] = value.read(text) end
  return table.concat(list)
end

--- Places are counted in characters of the whole text; only an answer with citations pays for counting.
local function add_citations(reading, citations, text)
  local from = value.characters(value.read(joined(reading.text)))
  local to = from + value.characters(text)
  for _, citation in ipairs(citations) do
    add_citation(reading, citation, from, to)
  end
end

local function take_text(reading, block)
  local text, citations = value.text(block.text) or "", typed(block, "citations", "table")
  if citations and citations[1] then add_citations(reading, citations, value.read(text)) end
  reading.text[#reading.text + 1] = text
end

local function take_thinking(reading, block)
  reading.reasoning[#reading.reasoning + 1] = typed(block, "thinking", "string")
  reading.thoughts[#reading.thoughts + 1] = block
end

local function take_redacted(reading, block)
  reading.thoughts[#reading.thoughts + 1] = block
end

local function take_tool(reading, block)
  local name = typed(block, "name", "string") or ""
  local arguments = block.input ~= nil and json.encode(block.input) or "{}"
  if name == reading.kept.answer_tool then
    take_text(reading, { text = arguments })
    return
  end
  reading.calls[#reading.calls + 1] = {
    id = typed(block, "id", "string") or "call_" .. #reading.calls, type = "function",
    ["function"] = { name = (reading.kept.names or {})[name] or name, arguments = arguments },
  }
end

-- Blocks of the vendor's own tools have no counterpart and are left out.
local TAKE = {
  text = take_text, thinking = take_thinking, redacted_thinking = take_redacted, tool_use = take_tool,
}

local function read_blocks(blocks, kept)
  local reading = { kept = kept, text = {}, reasoning = {}, thoughts = {}, calls = {}, annotations = {} }
  for _, block in ipairs(blocks) do
    local take = TAKE[typed(block, "type", "string")]
    if take then take(reading, block) end
  end
  return reading
end

local function message_of(reading, answer)
  local text, reasoning = joined(reading.text), table.concat(reading.reasoning)
  return {
    role = "assistant",
    content = text ~= "" and text or json.null,
    refusal = stop.refusal(answer) or json.null,
    reasoning_content = reasoning ~= "" and reasoning or nil,
    thinking_blocks = value.listed(reading.thoughts),
    tool_calls = value.listed(reading.calls),
    annotations = value.listed(reading.annotations),
  }
end

local function envelope_of(answer, call)
  return {
    id = "chatcmpl-" .. (typed(answer, "id", "string") or call.id or "unknown"),
    created = call.created,
    model = typed(answer, "model", "string") or call.requested_model or call.model,
  }
end

local function decoded(text)
  local answer = mended.decode(text, OPTIONS)
  if typed(answer, "content", "table") then return answer end
  return nil
end

--- Translates the answer; an error body with a good status is a failure.
---@param call DialectCall
---@param text string
---@return string? text, Usage|Failure|nil
local function translate(call, text)
  local answer = decoded(text)
  if not answer then return nil, failure.answer("the upstream provider's answer is not a message") end
  local reading = read_blocks(answer.content, call.kept or {})
  local counts = usage.neutral(usage.update(nil, member(answer, "usage")))
  local reason = stop.reason(typed(answer, "stop_reason", "string"), #reading.calls > 0)
  return reply.whole(envelope_of(answer, call), message_of(reading, answer), reason, counts), counts
end

return { translate = translate }
