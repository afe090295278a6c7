-- SPDX-License-Identifier: Apache-2.0
--- A whole chat answer as a Response object.

local json = require "gateway.json"
local object = require "providers.dialects.openai_responses.object"
local output = require "providers.dialects.openai_responses.output"
local record = require "providers.dialects.openai_responses.record"
local usage = require "providers.dialects.openai_responses.usage"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

---@class Collected
---@field make ItemMaker
---@field status string of the items
---@field items table[]
---@field kept table[] the same with their seals
---@field differs boolean

local function add(list, item, kept)
  list.items[#list.items + 1] = item
  list.kept[#list.kept + 1] = kept or item
  list.differs = list.differs or kept ~= nil
end

local function add_reasoning(list, message)
  local text = typed(message, "reasoning_content", "string") or typed(message, "reasoning", "string") or ""
  local blocks = typed(message, "thinking_blocks", "table")
  if text == "" and not (blocks and blocks[1]) then return end
  add(list, output.reasoning(list.make, #list.items, text, blocks))
end

--- Some servers answer with a list of parts.
local function text_of(content)
  if type(content) ~= "table" then return type(content) == "string" and content or nil end
  local texts = {}
  for _, part in ipairs(content) do texts[#texts + 1] = typed(part, "text", "string") end
  return table.concat(texts)
end

--- A message there is when something was said, or nothing else was done.
local function add_message(list, choice, message, has_calls)
  local text, refusal = text_of(member(message, "content")), typed(message, "refusal", "string")
  local parts = {}
  if text and (text ~= "" or not has_calls and not refusal) then
    parts[1] = output.text_part(text, output.annotations(member(message, "annotations")),
      output.logprobs(member(choice, "logprobs")))
  end
  if refusal then parts[#parts + 1] = output.refusal_part(refusal) end
  if #parts == 0 then return end
  add(list, output.message(list.make, #list.items, parts, list.status))
end

local function add_call(list, call, at)
  local said, custom = typed(call, "function", "table"), typed(call, "custom", "table")
  local name = typed(said or custom, "name", "string")
  if not name then return end
  local arguments = typed(said, "arguments", "string") or typed(custom, "input", "string") or ""
  if said and value.blank(arguments) then arguments = "{}" end
  add(list, output.called(list.make, #list.items, {
    id = typed(call, "id", "string") or "call_" .. at, name = name, arguments = arguments, custom = custom and true,
    extra = typed(call, "extra_content", "table"),
  }, list.status))
end

local function collected(context, choice, status)
  local list = { make = output.maker(context.kept), status = status, items = json.array {}, kept = json.array {} }
  local message = typed(choice, "message", "table")
  local calls = typed(message, "tool_calls", "table") or {}
  add_reasoning(list, message)
  add_message(list, choice, message, calls[1] ~= nil)
  for at, call in ipairs(calls) do add_call(list, call, at) end
  return list
end

--- The Response object of a chat answer; nil when it is none. Leaves in `context.kept` what is to be kept of it.
---@param context FaceContext
---@param text string
---@return string? text
local function translate(context, text)
  local answer = json.decode(text)
  local choice = (typed(answer, "choices", "table") or {})[1]
  if type(choice) ~= "table" then return nil end
  local made = object.open(context, typed(answer, "created", "number"), typed(answer, "model", "string"))
  made.tier = typed(answer, "service_tier", "string")
  local status, incomplete = object.outcome(typed(choice, "finish_reason", "string"))
  local list = collected(context, choice, status)
  local rendered = object.render(made, {
    status = status, incomplete = incomplete, output = json.encode(list.items),
    usage = usage.of_chat(member(answer, "usage")),
  })
  record.put(context, rendered, list.differs and json.encode(list.kept) or nil)
  return rendered
end

return { translate = translate }
