-- SPDX-License-Identifier: Apache-2.0
--- From a stream's chunks to the whole answer they spell, and back (gateway-api, appendix E): texts are joined per
--- choice, fragments of calls by their index; usage is the last one said.

local json = require "gateway.json"

local gather = {}

-- Chunks to an answer ------------------------------------------------------------------------------------------------

--- Members of a message that are spelled piece by piece.
local SPELLED = { content = true, refusal = true, reasoning_content = true, reasoning = true }

local function append(pieces, name, text)
  pieces[name] = pieces[name] or {}
  table.insert(pieces[name], text)
end

local function add_call(calls, fragment, position)
  local index = type(fragment.index) == "number" and fragment.index or position - 1
  local call = calls[index]
  if not call then
    call = { arguments = {} }
    calls[index] = call
  end
  local said = json.is_object(fragment["function"]) and fragment["function"] or {}
  if type(fragment.id) == "string" then call.id = fragment.id end
  if type(said.name) == "string" then call.name = (call.name or "") .. said.name end
  if type(said.arguments) == "string" then table.insert(call.arguments, said.arguments) end
end

local function add_delta(choice, delta)
  for name, value in pairs(delta) do
    if SPELLED[name] and type(value) == "string" then
      append(choice.pieces, name, value)
    elseif name == "tool_calls" and json.is_array(value) then
      for position, fragment in ipairs(value) do
        if json.is_object(fragment) then add_call(choice.calls, fragment, position) end
      end
    elseif name ~= "role" and value ~= json.null then
      choice.others[name] = value
    end
  end
end

local function add_choice(run, said, position)
  local index = type(said.index) == "number" and said.index or position - 1
  local choice = run.choices[index]
  if not choice then
    choice = { index = index, pieces = {}, calls = {}, others = {} }
    run.choices[index], run.order[#run.order + 1] = choice, choice
  end
  if json.is_object(said.delta) then add_delta(choice, said.delta) end
  local reason = said.finish_reason -- some providers say "" all the while
  if type(reason) == "string" and reason ~= "" then choice.finish = reason end
end

local function add_chunk(run, chunk)
  for name, value in pairs(chunk) do
    local plain = name ~= "choices" and name ~= "usage" and name ~= "object"
    if plain and run.envelope[name] == nil then run.envelope[name] = value end
  end
  if json.is_object(chunk.usage) then run.envelope.usage = chunk.usage end
  for position, said in ipairs(json.is_array(chunk.choices) and chunk.choices or {}) do
    if json.is_object(said) then add_choice(run, said, position) end
  end
end

--- The numbers that were seen, smallest first: an upstream chose them, so nobody counts up to them.
local function positions(map)
  local list = {}
  for index in pairs(map) do list[#list + 1] = index end
  table.sort(list)
  return list
end

local function calls_of(calls)
  local list = json.array {}
  for at, index in ipairs(positions(calls)) do
    local call = calls[index]
    list[at] = {
      id = call.id, type = "function",
      ["function"] = { name = call.name, arguments = table.concat(call.arguments) },
    }
  end
  return list
end

local function choice_of(choice)
  local message = { role = "assistant" }
  for name, value in pairs(choice.others) do message[name] = value end
  for name, pieces in pairs(choice.pieces) do message[name] = table.concat(pieces) end
  local calls = calls_of(choice.calls)
  if #calls > 0 then message.tool_calls = calls end
  if message.content == nil then message.content = json.null end
  return { index = choice.index, message = message, finish_reason = choice.finish or json.null }
end

--- The answer that chunks spell, as JSON text.
---@param payloads string[]
---@return string
function gather.answer(payloads)
  local run = { envelope = {}, choices = {}, order = {} }
  for _, payload in ipairs(payloads) do
    local chunk = json.decode(payload)
    if json.is_object(chunk) then add_chunk(run, chunk) end
  end
  local answer = run.envelope
  answer.object, answer.choices = "chat.completion", json.array {}
  for i, choice in ipairs(run.order) do answer.choices[i] = choice_of(choice) end
  return json.encode(answer)
end

-- An answer to chunks ------------------------------------------------------------------------------------------------

local function delta_of(message)
  local delta = {}
  for name, value in pairs(message) do delta[name] = value end
  delta.tool_calls = nil
  for i, call in ipairs(json.is_array(message.tool_calls) and message.tool_calls or {}) do
    local fragment = { index = i - 1 }
    for name, value in pairs(call) do fragment[name] = value end
    delta.tool_calls = delta.tool_calls or json.array {}
    delta.tool_calls[i] = fragment
  end
  delta.role = delta.role or "assistant"
  return delta
end

local function is_completion(answer)
  if not json.is_object(answer) or not json.is_array(answer.choices) then return false end
  for _, choice in ipairs(answer.choices) do
    if not json.is_object(choice) or not json.is_object(choice.message) then return false end
  end
  return #answer.choices > 0
end

--- The chunks that spell a whole answer; nil when the text is none.
---@param text string
---@param include_usage boolean
---@return string[]? payloads
function gather.chunks(text, include_usage)
  local answer = json.decode(text)
  if not is_completion(answer) then return nil end
  local payloads = {}
  local function add(choices, usage)
    local chunk = {}
    for name, value in pairs(answer) do chunk[name] = value end
    chunk.object, chunk.choices, chunk.usage = "chat.completion.chunk", json.array(choices), usage
    payloads[#payloads + 1] = json.encode(chunk)
  end
  for i, choice in ipairs(answer.choices) do
    local index = choice.index or i - 1
    add { { index = index, delta = delta_of(choice.message), finish_reason = json.null } }
    add { { index = index, delta = {}, finish_reason = choice.finish_reason or "stop" } }
  end
  if include_usage and json.is_object(answer.usage) then add({}, answer.usage) end
  return payloads
end

return gather
