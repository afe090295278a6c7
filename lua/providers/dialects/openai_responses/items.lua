-- SPDX-License-Identifier: Apache-2.0
--- Items of the Responses API as chat messages: neighbours of one assistant turn become one message, results of tools
--- follow their calls, and what is no text in them follows as the user's (native-providers 16.3).

local failure = require "providers.dialects.neutral.failure"
local json = require "gateway.json"
local parts = require "providers.dialects.openai_responses.parts"
local seal = require "providers.dialects.openai_responses.seal"
local shape = require "providers.dialects.openai.shape"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

---@class ItemWalk
---@field draft ResponsesDraft
---@field messages table[]
---@field open table? the assistant message that may still take calls
---@field thought table? reasoning_content and thinking_blocks that wait for their message
---@field media table[] parts of results that chat's tool messages cannot hold

local function push(walk, message)
  walk.messages[#walk.messages + 1] = message
end

--- Ends the results of a turn.
local function settle(walk)
  if #walk.media > 0 then push(walk, { role = "user", content = json.array(walk.media) }) end
  walk.media = {}
end

-- Messages -----------------------------------------------------------------------------------------------------------

--- One text alone is a plain string: servers that know no parts take it.
local function content_of(list)
  local only = list[1]
  if #list == 1 and only.type == "text" and not only.prompt_cache_breakpoint then return only.text end
  return json.array(list)
end

local function as_text(list)
  for i, part in ipairs(list) do
    if part.type == "refusal" then list[i] = { type = "text", text = part.refusal } end
  end
  return list
end

local function open_assistant(walk)
  settle(walk)
  local message, thought, wants = { role = "assistant", content = json.null }, walk.thought or {}, walk.draft.wants
  message.reasoning_content = wants.reasoning and thought.reasoning_content or nil
  message.thinking_blocks = wants.thoughts and thought.thinking_blocks or nil
  walk.open, walk.thought = message, nil
  push(walk, message)
  return message
end

--- What a vendor wants to see again.
local function extra_of(walk, item)
  return walk.draft.wants.thoughts and typed(item, "extra_content", "table") or nil
end

local function take_assistant(walk, item, list)
  local text, others = parts.split(list, "")
  local message = open_assistant(walk)
  if text ~= "" or #others == 0 then message.content = text end
  for _, part in ipairs(others) do
    if part.type == "refusal" then message.refusal = (message.refusal or "") .. part.refusal end
  end
  message.name = typed(item, "name", "string")
  message.extra_content = extra_of(walk, item)
  return nil
end

-- A developer's word is the system's: every server knows that name.
local ROLES = { user = "user", system = "system", developer = "system", assistant = "assistant" }

local function take_message(walk, item, path)
  local role = ROLES[typed(item, "role", "string")]
  if not role then
    return failure.request("role must be one of user, assistant, system, developer", path .. ".role")
  end
  local list, problem = parts.read(member(item, "content"), path .. ".content")
  if not list then return problem end
  if role == "assistant" then return take_assistant(walk, item, list) end
  settle(walk)
  walk.open, walk.thought = nil, nil
  if #list > 0 then push(walk, { role = role, content = content_of(as_text(list)) }) end
  return nil
end

-- Calls and results --------------------------------------------------------------------------------------------------

local function named(item, path)
  local id, name = typed(item, "call_id", "string"), typed(item, "name", "string")
  if not id then return nil, nil, failure.request("call_id must be a string", path .. ".call_id") end
  if not name then return nil, nil, failure.request("name must be a string", path .. ".name") end
  return id, name
end

--- `kind` is the call's type and where chat keeps what it says.
local function add_call(walk, item, path, kind, said)
  local id, name, problem = named(item, path)
  if problem then return problem end
  local message = walk.open or open_assistant(walk)
  said.name = name
  message.tool_calls = message.tool_calls or json.array {}
  message.tool_calls[#message.tool_calls + 1] = {
    id = id, type = kind, [kind] = said, extra_content = extra_of(walk, item),
  }
  return nil
end

local function take_call(walk, item, path)
  return add_call(walk, item, path, "function", { arguments = typed(item, "arguments", "string") or "{}" })
end

--- A custom tool is a function with one text, unless it is known as what it is (see tools.lua).
local function take_custom_call(walk, item, path)
  local text = typed(item, "input", "string") or ""
  if walk.draft.wants.custom then return add_call(walk, item, path, "custom", { input = text }) end
  return add_call(walk, item, path, "function", { arguments = json.encode { input = text } })
end

local function take_output(walk, item, path)
  local id = typed(item, "call_id", "string")
  if not id then return failure.request("call_id must be a string", path .. ".call_id") end
  local list, problem = parts.read(member(item, "output") or "", path .. ".output")
  if not list then return problem end
  local text, others = parts.split(as_text(list), "\n")
  walk.open, walk.thought = nil, nil
  if walk.draft.wants.media and #others > 0 then
    push(walk, { role = "tool", tool_call_id = id, content = json.array(list) })
    return nil
  end
  for _, part in ipairs(others) do walk.media[#walk.media + 1] = part end
  push(walk, { role = "tool", tool_call_id = id, content = text })
  return nil
end

-- Reasoning ----------------------------------------------------------------------------------------------------------

local function texts_of(list)
  local texts = {}
  for _, part in ipairs(list or {}) do texts[#texts + 1] = typed(part, "text", "string") end
  return #texts > 0 and table.concat(texts, "\n\n") or nil
end

--- Waits for the message or call it led to; without one it is of no use to anybody.
local function take_reasoning(walk, item)
  local thought = walk.thought or {}
  local text = texts_of(typed(item, "content", "table")) or texts_of(typed(item, "summary", "table"))
  local blocks = seal.unpack(typed(item, "encrypted_content", "string"))
  if text then
    thought.reasoning_content = thought.reasoning_content and thought.reasoning_content .. "\n\n" .. text or text
  end
  if blocks then
    thought.thinking_blocks = thought.thinking_blocks or json.array {}
    for _, block in ipairs(blocks) do thought.thinking_blocks[#thought.thinking_blocks + 1] = block end
  end
  walk.open, walk.thought = nil, thought
  return nil
end

-- All ----------------------------------------------------------------------------------------------------------------

local TAKE = {
  message = take_message, function_call = take_call, function_call_output = take_output,
  custom_tool_call = take_custom_call, custom_tool_call_output = take_output, reasoning = take_reasoning,
}

local take

--- An item of an earlier response, which is kept here.
local function take_reference(walk, item, path)
  local id, find = typed(item, "id", "string"), walk.draft.context.item
  local found = id and find and find(id)
  if type(found) == "table" and typed(found, "type", "string") ~= "item_reference" then
    return take(walk, found, path)
  end
  local problem = failure.request(("Item with id '%s' not found."):format(id or ""), "input", "item_not_found")
  problem.status, problem.final = 404, true
  return problem
end

TAKE.item_reference = take_reference

take = function(walk, item, path)
  if type(item) ~= "table" then return failure.request("an item must be an object", path) end
  local kind = typed(item, "type", "string") or (member(item, "role") and "message")
  if not kind then return failure.request("an item must have a type or a role", path .. ".type") end
  local handle = TAKE[kind]
  if handle then return handle(walk, item, path) end
  return shape.leave_out(walk.draft.context, "input." .. kind, path)
end

--- Appends the messages that `items` are.
---@param walk ItemWalk
---@param items table[]
---@param name string for messages about faults
---@return Failure?
local function append(walk, items, name)
  for at, item in ipairs(items) do
    local problem = take(walk, item, ("%s[%d]"):format(name, at - 1))
    if problem then return problem end
  end
  return nil
end

---@param made ResponsesDraft
---@return ItemWalk
local function walk_new(made)
  return { draft = made, messages = json.array {}, media = {} }
end

return { new = walk_new, append = append, settle = settle }
