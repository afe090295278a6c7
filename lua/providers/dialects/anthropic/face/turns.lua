-- SPDX-License-Identifier: Apache-2.0
--- Anthropic's `system` and `messages` as OpenAI's messages. Results become tool messages right behind their calls; a
--- call that was interrupted gets an empty one, so that an agent which was stopped can go on with any model.

local json = require "gateway.json"

local assistant = require "providers.dialects.anthropic.face.assistant"
local failure = require "providers.dialects.neutral.failure"
local ids = require "providers.dialects.neutral.ids"
local parts = require "providers.dialects.anthropic.face.parts"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

local NO_RESULT = "(no result)"
local BILLING = "^x%-anthropic%-billing%-header:"
local ROLES = { user = true, assistant = true, system = true }

---@class Group neighbours of one role
---@field role "user"|"assistant"|"system"
---@field blocks table[]
---@field where string the place of the first

---@class FaceWalk
---@field out table[] OpenAI's messages so far
---@field wants Wants
---@field spelling Spelling of call ids
---@field waiting FaceCall[]? calls of the last assistant message
---@field held table[] system messages between calls and their results

---@class FaceCall
---@field id string as the client wrote it
---@field sent string
---@field result table? the tool message

-- Grouping -----------------------------------------------------------------------------------------------------------

--- The content of a message as a list of blocks.
local function blocks_of(message, where)
  local content = member(message, "content")
  if type(content) == "string" then return { { type = "text", text = content } } end
  if type(content) == "table" and (content[1] ~= nil or json.is_array(content)) then return content end
  return nil, failure.request("content must be a string or a list of blocks", where .. ".content")
end

local function join(groups, role, blocks, where)
  local last = groups[#groups]
  if not last or last.role ~= role or role == "system" then
    groups[#groups + 1] = { role = role, blocks = blocks, where = where .. ".content" }
    return
  end
  local joined = {}
  for _, list in ipairs { last.blocks, blocks } do
    for _, block in ipairs(list) do joined[#joined + 1] = block end
  end
  last.blocks = joined
end

local function grouped(messages)
  local groups = {}
  for index, message in ipairs(messages) do
    local where = ("messages[%d]"):format(index - 1)
    local role = typed(message, "role", "string")
    if not ROLES[role] then
      return nil, failure.request("role must be one of user, assistant, system", where .. ".role")
    end
    local blocks, problem = blocks_of(message, where)
    if not blocks then return nil, problem end
    join(groups, role, blocks, where)
  end
  return groups
end

-- System -------------------------------------------------------------------------------------------------------------

--- Claude Code's first block changes with every request: for others it would break their prompt caches.
local function is_billing(block)
  local text = typed(block, "text", "string")
  return text ~= nil and text:find(BILLING) ~= nil
end

local function system_message(blocks, wants, where)
  local kept, list = {}, {}
  for _, block in ipairs(blocks) do
    if not is_billing(block) then kept[#kept + 1] = block end
  end
  local problem = parts.add(list, kept, wants, where)
  if problem then return nil, problem end
  if #list == 0 then return nil end
  if wants.claude then return { role = "system", content = parts.content(list) } end
  return { role = "system", content = (parts.split(list, "\n\n")) }
end

local function take_system(walk, group)
  local message, problem = system_message(group.blocks, walk.wants, group.where)
  if problem then return problem end
  local list = walk.waiting and walk.held or walk.out
  list[#list + 1] = message
  return nil
end

-- Results and what users say -----------------------------------------------------------------------------------------

local function open_call(walk, id)
  for _, call in ipairs(walk.waiting or {}) do
    if call.id == id and not call.result then return call end
  end
  return nil
end

--- The parts of a result; those that a tool message cannot hold come second.
local function result_parts(block, wants, where)
  local content, list = member(block, "content"), {}
  if type(content) == "string" then content = { { type = "text", text = content } } end
  local problem = parts.add(list, type(content) == "table" and content or nil, wants, where)
  if problem then return nil, problem end
  return list
end

local function plain_result(block, list)
  local text, rest = parts.split(list, "\n")
  if text == "" and block.is_error == true then text = "Error" end
  return text, rest
end

--- Claude reads images, errors and cache markers in results.
local function claude_result(block, list)
  return parts.content(list), {}, typed(block, "cache_control", "table"), block.is_error == true or nil
end

--- A result's tool message joins its call; images come back.
local function take_result(walk, block, where)
  local id = typed(block, "tool_use_id", "string") or ""
  local call = open_call(walk, id)
  if not call then
    local message = "tool_result with tool_use_id %q answers no tool_use block of the message before it"
    return nil, failure.request(message:format(id), where)
  end
  local list, problem = result_parts(block, walk.wants, where .. ".content")
  if not list then return nil, problem end
  local content, rest, mark, failed = (walk.wants.claude and claude_result or plain_result)(block, list)
  call.result = {
    role = "tool", tool_call_id = call.sent, content = content, cache_control = mark, is_error = failed,
  }
  return rest
end

--- Ends the wait for results: one message for each call, in the order of the calls.
local function settle(walk)
  local out = walk.out
  for _, call in ipairs(walk.waiting or {}) do
    out[#out + 1] = call.result or { role = "tool", tool_call_id = call.sent, content = NO_RESULT }
  end
  for _, message in ipairs(walk.held) do out[#out + 1] = message end
  walk.waiting, walk.held = nil, {}
end

--- The results among a user's blocks go to their calls; the rest comes back.
local function sort_blocks(walk, group)
  local found, rest = {}, {}
  for index, block in ipairs(group.blocks) do
    if typed(block, "type", "string") == "tool_result" then
      local images, problem = take_result(walk, block, ("%s[%d]"):format(group.where, index - 1))
      if not images then return nil, problem end
      for _, image in ipairs(images) do found[#found + 1] = image end
    else
      rest[#rest + 1] = block
    end
  end
  return found, rest
end

local function take_user(walk, group)
  local list, rest = sort_blocks(walk, group)
  if not list then return rest end
  settle(walk)
  local problem = parts.add(list, rest, walk.wants, group.where)
  if problem then return problem end
  if #list > 0 then walk.out[#walk.out + 1] = { role = "user", content = parts.content(list) } end
  return nil
end

local function take_assistant(walk, group)
  settle(walk)
  local message, calls, problem = assistant.message(group.blocks, walk.wants, walk.spelling, group.where)
  if problem then return problem end
  walk.out[#walk.out + 1] = message
  walk.waiting = calls
  return nil
end

local TAKE = { system = take_system, user = take_user, assistant = take_assistant }

local function system_of(request)
  local system = member(request, "system")
  if type(system) == "string" then return { { type = "text", text = system } } end
  return type(system) == "table" and system or {}
end

--- The whole conversation.
---@param request table the client's decoded body
---@param wants Wants
---@return table[]? messages, Failure? failure
local function messages(request, wants)
  local groups, problem = grouped(typed(request, "messages", "table") or {})
  if not groups then return nil, problem end
  local walk = { out = json.array {}, wants = wants, spelling = ids.new("[%c%s]", 256), held = {} }
  problem = take_system(walk, { blocks = system_of(request), where = "system" })
  for _, group in ipairs(groups) do
    problem = problem or TAKE[group.role](walk, group)
  end
  if problem then return nil, problem end
  settle(walk)
  return walk.out
end

return { messages = messages }
