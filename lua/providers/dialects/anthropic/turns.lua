-- SPDX-License-Identifier: Apache-2.0
--- The neutral turns of a conversation as Anthropic's `system` and `messages`.

local json = require "gateway.json"

local content = require "providers.dialects.anthropic.content"
local failure = require "providers.dialects.neutral.failure"
local ids = require "providers.dialects.neutral.ids"
local messages = require "providers.dialects.neutral.messages"
local thinking = require "providers.dialects.anthropic.thinking"
local tools = require "providers.dialects.anthropic.tools"
local value = require "providers.dialects.neutral.value"

local REFUSED, LONGEST_ID = "[^%w_%-]", 256

---@class Conversation
---@field system table[] blocks
---@field messages table[]
---@field thought_missing boolean the call whose results come last was made without the thinking that led to it

--- Splits the turns into what goes to `system` and what stays. Leading system turns always go; later ones stay behind
--- the next user turn where the model reads them there, and go otherwise.
local function split(turns, inline)
  local leading, rest, held, begun = {}, {}, {}, false
  for _, turn in ipairs(turns) do
    if turn.role ~= "system" then
      begun = true
      rest[#rest + 1] = turn
      if turn.role == "user" then
        for _, system in ipairs(held) do rest[#rest + 1] = system end
        held = {}
      end
    elseif not inline or not begun then
      leading[#leading + 1] = turn
    elseif rest[#rest].role == "assistant" then
      held[#held + 1] = turn
    else
      rest[#rest + 1] = turn
    end
  end
  for _, system in ipairs(held) do leading[#leading + 1] = system end
  return leading, rest
end

local function mark_last(blocks, mark)
  local last = blocks[#blocks]
  if mark and last and not last.cache_control and last.type ~= "thinking" and last.type ~= "redacted_thinking" then
    last.cache_control = mark
  end
end

local function call_block(call, names, spelling)
  local input, problem = messages.arguments(call)
  if not input then return nil, problem end
  call.sent = ids.spell(spelling, call.id)
  return { type = "tool_use", id = call.sent, name = tools.sent_name(names, call.name), input = input }
end

local function assistant_blocks(turn, scene)
  local blocks = json.array {}
  for _, block in ipairs(scene.drop_thinking and {} or thinking.replayed(turn.thinking)) do
    blocks[#blocks + 1] = block
  end
  local problem = content.append(blocks, turn.parts)
  if problem then return nil, problem end
  for _, call in ipairs(turn.calls or {}) do
    local block, bad_call = call_block(call, scene.names, scene.spelling)
    if not block then return nil, bad_call end
    blocks[#blocks + 1] = block
  end
  mark_last(blocks, turn.cache_control)
  return blocks
end

--- A result without text has no `content` at all: an empty block is refused.
local function result_block(call)
  local made = {
    type = "tool_result", tool_use_id = call.sent, cache_control = call.result.cache_control,
    is_error = call.result.failed or nil,
  }
  if #call.result.parts == 0 then return made end
  made.content = json.array {}
  local problem = content.append(made.content, call.result.parts)
  if problem then return nil, problem end
  return made
end

local function plain_blocks(turn)
  local blocks = json.array {}
  for _, call in ipairs(turn.answers or {}) do
    local block, bad_result = result_block(call)
    if not block then return nil, bad_result end
    blocks[#blocks + 1] = block
  end
  local problem = content.append(blocks, turn.parts)
  if problem then return nil, problem end
  mark_last(blocks, turn.cache_control)
  return blocks
end

local function system_blocks(turns)
  local blocks = json.array {}
  for _, turn in ipairs(turns) do
    local more, problem = plain_blocks(turn)
    if not more then return nil, problem end
    for _, block in ipairs(more) do
      if block.type ~= "text" then return nil, failure.request("system messages may hold text only", "messages") end
      blocks[#blocks + 1] = block
    end
  end
  return blocks
end

local function rendered(turns, scene)
  local list = json.array {}
  for _, turn in ipairs(turns) do
    local render = turn.role == "assistant" and assistant_blocks or plain_blocks
    local blocks, problem = render(turn, scene)
    if not blocks then return nil, problem end
    if #blocks > 0 then list[#list + 1] = { role = turn.role, content = blocks } end
  end
  return list
end

--- Anthropic wants a user message first and refuses blanks at the end of an assistant message to be continued.
local function fit_ends(list)
  if list[1].role ~= "user" then
    table.insert(list, 1, { role = "user", content = json.array { { type = "text", text = "." } } })
  end
  local last = list[#list]
  local block = last.role == "assistant" and last.content[#last.content]
  if block and block.type == "text" then block.text = value.trimmed(value.read(block.text)) end
end

local function is_thought(block)
  return block ~= nil and (block.type == "thinking" or block.type == "redacted_thinking")
end

--- Whether the last turns are a call and its results, and the call came without thinking.
local function lacks_thought(list)
  local last, before = list[#list], list[#list - 1]
  if not before or last.content[1].type ~= "tool_result" then return false end
  return not is_thought(before.content[1])
end

--- The whole conversation.
---@param list any the decoded `messages`
---@param traits Traits
---@param names Names
---@param drop_thinking boolean? leave out signed blocks: they belong to another model
---@return Conversation? conversation, Failure? failure
local function render(list, traits, names, drop_thinking)
  local turns, problem = messages.turns(list)
  if not turns then return nil, problem end
  local leading, rest = split(turns, traits.inline_system)
  local scene = { names = names, spelling = ids.new(REFUSED, LONGEST_ID), drop_thinking = drop_thinking }
  local system, bad_system = system_blocks(leading)
  if not system then return nil, bad_system end
  local made, bad_turn = rendered(messages.merged(rest), scene)
  if not made then return nil, bad_turn end
  if #made == 0 then return nil, failure.request("at least one message must have content", "messages") end
  fit_ends(made)
  return { system = system, messages = made, thought_missing = lacks_thought(made) }
end

return { render = render }
