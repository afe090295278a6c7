-- SPDX-License-Identifier: Apache-2.0
--- A stream of chat chunks as the events of a Responses stream: created, in_progress, the items with their deltas in
--- the order in which they begin, completed or incomplete (openai-family A9). There is no [DONE].

local calls = require "providers.dialects.openai_responses.calls"
local events = require "providers.dialects.openai_responses.events"
local failure = require "providers.dialects.neutral.failure"
local json = require "gateway.json"
local object = require "providers.dialects.openai_responses.object"
local output = require "providers.dialects.openai_responses.output"
local record = require "providers.dialects.openai_responses.record"
local speech = require "providers.dialects.openai_responses.speech"
local usage = require "providers.dialects.openai_responses.usage"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

---@class ResponsesFlow
---@field context FaceContext
---@field make ItemMaker
---@field writer EventWriter
---@field object ResponseObject? once the first chunk has come
---@field items table[] complete items by their place, from 1
---@field kept table[] the same with their seals
---@field differs boolean
---@field count integer items that have begun
---@field open SpokenItem? message or reasoning
---@field calls table<integer, SpokenCall> by the chunks' index
---@field order SpokenCall[]
---@field reason string? finish_reason
---@field usage table?

---@param context FaceContext
---@return ResponsesFlow
local function stream(context)
  return {
    context = context, make = output.maker(context.kept), writer = events.new(), items = {}, kept = {}, count = 0,
    calls = {}, order = {}, differs = false,
  }
end

-- The object in events -----------------------------------------------------------------------------------------------

local function object_event(state, name, facts)
  return events.event(state.writer, name, '"response":' .. object.render(state.object, facts))
end

local function begin(state, chunk)
  if state.object then return "" end
  state.object = object.open(state.context, typed(chunk, "created", "number"), typed(chunk, "model", "string"))
  local facts = { status = "in_progress", output = "[]" }
  return object_event(state, "response.created", facts) .. object_event(state, "response.in_progress", facts)
end

-- Items --------------------------------------------------------------------------------------------------------------

local function put(state, index, item, kept)
  state.items[index + 1], state.kept[index + 1] = item, kept or item
  state.differs = state.differs or kept ~= nil
end

local function close_open(state, status)
  local item = state.open
  if not item then return "" end
  local bytes, made, kept = speech.close(state.writer, state.make, item, status)
  state.open = nil
  put(state, item.index, made, kept)
  return bytes
end

--- The item of a kind that text goes into: the open one, or a new one after it.
local function item_for(state, kind)
  if state.open and state.open.kind == kind then return state.open, "" end
  local before = close_open(state, "completed")
  local item, bytes = speech.open(state.writer, state.make, kind, state.count)
  state.open, state.count = item, state.count + 1
  return item, before .. bytes
end

local function say(state, kind, name, text, probabilities)
  local item, before = item_for(state, kind)
  local bytes = speech.say(state.writer, item, name, text, probabilities)
  return before .. bytes
end

local function take_thoughts(state, blocks)
  if not blocks[1] then return "" end
  local item, bytes = item_for(state, "reasoning")
  for _, block in ipairs(blocks) do item.blocks[#item.blocks + 1] = block end
  return bytes
end

local function take_notes(state, list)
  local notes = output.annotations(list)
  if not notes[1] then return "" end
  local item, bytes = item_for(state, "message")
  return bytes .. speech.annotate(state.writer, item, notes)
end

-- Calls --------------------------------------------------------------------------------------------------------------

--- A call is known by its index; some servers leave it out, or give each call the first one: a new id is a new call.
local function call_for(state, fragment, position)
  local index = typed(fragment, "index", "number") or position - 1
  local call, id = state.calls[index], typed(fragment, "id", "string")
  if call and id and id ~= "" and call.id and call.id ~= id then call = nil end
  if not call then
    call = calls.new()
    state.calls[index], state.order[#state.order + 1] = call, call
  end
  return call
end

local function take_call(state, fragment, position)
  if type(fragment) ~= "table" then return "" end
  local call = call_for(state, fragment, position)
  local text, known = calls.learn(call, fragment), call.index ~= nil
  if known then return calls.add(state.writer, call, text) end
  calls.add(state.writer, call, text)
  if not call.name then return "" end
  local before = close_open(state, "completed")
  local bytes = calls.open(state.writer, state.make, call, state.count)
  state.count = state.count + 1
  return before .. bytes .. calls.catch_up(state.writer, call)
end

local function close_calls(state, status)
  local bytes = {}
  for i, call in ipairs(state.order) do
    if call.index then
      local item
      bytes[i], item = calls.close(state.writer, state.make, call, status)
      put(state, call.index, item)
    else
      bytes[i] = ""
    end
  end
  return table.concat(bytes)
end

-- Chunks -------------------------------------------------------------------------------------------------------------

local function text_of(delta, name)
  local text = typed(delta, name, "string")
  return text ~= "" and text or nil
end

local function take_reasoning(state, delta)
  local text = text_of(delta, "reasoning_content") or text_of(delta, "reasoning")
  local bytes = text and say(state, "reasoning", state.make.summary and "summary" or "reasoning", text) or ""
  local blocks = typed(delta, "thinking_blocks", "table")
  if blocks then bytes = bytes .. take_thoughts(state, blocks) end
  return bytes
end

local function take_rest(state, delta)
  local bytes, refusal = "", text_of(delta, "refusal")
  if refusal then bytes = say(state, "message", "refusal", refusal) end
  local notes, list = typed(delta, "annotations", "table"), typed(delta, "tool_calls", "table")
  if notes then bytes = bytes .. take_notes(state, notes) end
  for position, fragment in ipairs(list or {}) do bytes = bytes .. take_call(state, fragment, position) end
  return bytes
end

local function take_choice(state, choice)
  local delta = typed(choice, "delta", "table")
  local bytes, text = take_reasoning(state, delta), text_of(delta, "content")
  if text then
    local probabilities = member(choice, "logprobs")
    bytes = bytes .. say(state, "message", "text", text, probabilities and output.logprobs(probabilities))
  end
  bytes = bytes .. take_rest(state, delta)
  state.reason = value.reason(choice) or state.reason
  return bytes
end

--- One chunk as the events it becomes.
---@param state ResponsesFlow
---@param payload string
---@return string bytes
local function event(state, payload)
  local chunk = json.decode(payload)
  if type(chunk) ~= "table" then return "" end
  local bytes, choice = begin(state, chunk), (typed(chunk, "choices", "table") or {})[1]
  state.usage = usage.of_chat(member(chunk, "usage")) or state.usage
  state.object.tier = typed(chunk, "service_tier", "string") or state.object.tier
  if type(choice) ~= "table" or (typed(choice, "index", "number") or 0) ~= 0 then return bytes end
  return bytes .. take_choice(state, choice)
end

-- Ends ---------------------------------------------------------------------------------------------------------------

-- Codes of ResponseError that clients know.
local CODES = { [400] = "invalid_prompt", [422] = "invalid_prompt", [429] = "rate_limit_exceeded" }

--- The stream has failed: an error, which the SDKs raise, and the object as it ended.
---@param state ResponsesFlow
---@param problem Failure
---@return string bytes
local function broken(state, problem)
  local before = begin(state, nil)
  local whole, param = json.array {}, problem.param or json.null
  for index = 0, state.count - 1 do whole[#whole + 1] = state.items[index + 1] end
  local fault = { type = problem.type, code = problem.code, message = problem.message, param = param }
  local failed = object_event(state, "response.failed", {
    status = "failed", output = json.encode(whole), usage = state.usage,
    error = { code = CODES[problem.status] or "server_error", message = problem.message },
  })
  return before .. failed .. events.event(state.writer, "error",
    ('"code":%s,"message":%s,"param":%s,"error":%s'):format(
      json.encode(problem.code), json.encode(problem.message), json.encode(param), json.encode(fault)))
end

--- An answer without a word still has its message.
local function close_all(state, status)
  local bytes = state.count == 0 and select(2, item_for(state, "message")) or ""
  return bytes .. close_open(state, status) .. close_calls(state, status)
end

--- The stream is over.
---@param state ResponsesFlow
---@param counts Usage?
---@return string bytes
local function finish(state, counts)
  if not state.reason then return broken(state, failure.truncated()) end
  local status, incomplete = object.outcome(state.reason)
  local bytes = close_all(state, status)
  local facts = {
    status = status, incomplete = incomplete, output = json.encode(json.array(state.items)),
    usage = state.usage or usage.of_neutral(counts),
  }
  local rendered = object.render(state.object, facts)
  record.put(state.context, rendered, state.differs and json.encode(json.array(state.kept)) or nil)
  return bytes .. events.event(state.writer, "response." .. status, '"response":' .. rendered)
end

return { stream = stream, event = event, finish = finish, broken = broken }
