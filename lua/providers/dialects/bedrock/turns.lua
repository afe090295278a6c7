-- SPDX-License-Identifier: Apache-2.0
--- The neutral turns of a conversation as Converse's `system` and `messages`.

local json = require "gateway.json"

local content = require "providers.dialects.bedrock.content"
local failure = require "providers.dialects.neutral.failure"
local messages = require "providers.dialects.neutral.messages"
local thinking = require "providers.dialects.anthropic.thinking"
local tools = require "providers.dialects.neutral.tools"
local value = require "providers.dialects.neutral.value"

---@class Conversation
---@field system table[] blocks
---@field messages table[]
---@field called string[] names of the tools that the history calls, in the vendor's spelling, each once
---@field thought_missing boolean the call whose results come last was made without the thinking that led to it

-- Before a message that would stand alone: a document wants text beside it, a conversation begins with the user.
local DOCUMENT_TEXT, START_TEXT = "See the document.", "(start)"

--- Signed blocks of Claude go back as they came; another model's are no use to it.
local function reasoning_blocks(turn, scene)
  local blocks = json.array {}
  if not scene.model.claude or scene.call.moved then return blocks end
  for _, block in ipairs(thinking.replayed(turn.thinking)) do
    local reasoning = block.type == "redacted_thinking" and { redactedContent = block.data }
      or { reasoningText = { text = value.typed(block, "thinking", "string") or "", signature = block.signature } }
    blocks[#blocks + 1] = { reasoningContent = reasoning }
  end
  return blocks
end

local function remember_call(scene, name)
  if scene.seen[name] then return end
  scene.seen[name], scene.called[#scene.called + 1] = true, name
end

local function call_block(call, scene)
  local input, problem = messages.arguments(call)
  if not input then return nil, problem end
  call.sent = scene.ids(call.id)
  local name = tools.sent_name(scene.names, call.name)
  remember_call(scene, name)
  return { toolUse = { toolUseId = call.sent, name = name, input = input } }
end

local function assistant_blocks(turn, scene)
  local blocks = reasoning_blocks(turn, scene)
  local problem = content.append(scene, blocks, turn.parts)
  if problem then return nil, problem end
  for _, call in ipairs(turn.calls or {}) do
    local block, bad_call = call_block(call, scene)
    if not block then return nil, bad_call end
    blocks[#blocks + 1] = block
  end
  if #blocks > 0 then blocks[#blocks + 1] = content.cache_point(scene, turn.cache_control) end
  return blocks
end

local function append_result(scene, blocks, call)
  local list = json.array {}
  local problem = content.append_result(scene, list, call.result.parts)
  if problem then return problem end
  local failed = call.result.failed and scene.model.result_status and "error" or nil
  blocks[#blocks + 1] = { toolResult = { toolUseId = call.sent, content = list, status = failed } }
  blocks[#blocks + 1] = content.cache_point(scene, call.result.cache_control)
  return nil
end

local function lacks_text(blocks)
  local document = false
  for _, block in ipairs(blocks) do
    if block.text then return false end
    document = document or block.document ~= nil
  end
  return document
end

local function user_blocks(turn, scene)
  local blocks = json.array {}
  for _, call in ipairs(turn.answers or {}) do
    local problem = append_result(scene, blocks, call)
    if problem then return nil, problem end
  end
  local problem = content.append(scene, blocks, turn.parts)
  if problem then return nil, problem end
  if lacks_text(blocks) then blocks[#blocks + 1] = { text = DOCUMENT_TEXT } end
  if #blocks > 0 then blocks[#blocks + 1] = content.cache_point(scene, turn.cache_control) end
  return blocks
end

local function append_system(scene, blocks, turn)
  for _, part in ipairs(turn.parts) do
    if part.type ~= "text" then return failure.request("system messages may hold text only", "messages") end
  end
  local problem = content.append(scene, blocks, turn.parts)
  if problem then return problem end
  if #blocks > 0 then blocks[#blocks + 1] = content.cache_point(scene, turn.cache_control) end
  return nil
end

--- System turns all go to the top, wherever they stood; the others stay.
local function split(turns, scene)
  local system, rest = json.array {}, {}
  for _, turn in ipairs(turns) do
    if turn.role == "system" then
      local problem = append_system(scene, system, turn)
      if problem then return nil, problem end
    else
      rest[#rest + 1] = turn
    end
  end
  return system, rest
end

local function rendered(turns, scene)
  local list = json.array {}
  for _, turn in ipairs(turns) do
    local render = turn.role == "assistant" and assistant_blocks or user_blocks
    local blocks, problem = render(turn, scene)
    if not blocks then return nil, problem end
    if #blocks > 0 then list[#list + 1] = { role = turn.role, content = blocks } end
  end
  return list
end

--- The user speaks first; blanks at the end of an assistant message to be continued are refused.
local function fit_ends(list)
  if list[1].role ~= "user" then
    table.insert(list, 1, { role = "user", content = json.array { { text = START_TEXT } } })
  end
  local last = list[#list]
  local block = last.role == "assistant" and last.content[#last.content]
  if block and block.text then block.text = value.trimmed(block.text) end
end

--- Whether the last turns are a call and its results, and the call came without thinking.
local function lacks_thought(list)
  local last, before = list[#list], list[#list - 1]
  if not before or not last.content[1].toolResult then return false end
  return not before.content[1].reasoningContent
end

--- The whole conversation.
---@param list any the decoded `messages`
---@param scene Scene
---@return Conversation? conversation, Failure? failure
local function render(list, scene)
  local turns, problem = messages.turns(list)
  if not turns then return nil, problem end
  scene.called, scene.seen = {}, {}
  local system, rest = split(turns, scene)
  if not system then return nil, rest end
  local made, bad_turn = rendered(messages.merged(rest), scene)
  if not made then return nil, bad_turn end
  if #made == 0 then return nil, failure.request("at least one message must have content", "messages") end
  fit_ends(made)
  return { system = system, messages = made, called = scene.called, thought_missing = lacks_thought(made) }
end

return { render = render }
