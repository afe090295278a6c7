-- SPDX-License-Identifier: Apache-2.0
--- The neutral turns of a conversation as `systemInstruction` and `contents`.

local json = require "gateway.json"

local content = require "providers.dialects.gemini.content"
local failure = require "providers.dialects.neutral.failure"
local messages = require "providers.dialects.neutral.messages"
local tools = require "providers.dialects.gemini.tools"

-- Google's own words for "there is no signature": a call made by another vendor, or a client that dropped it.
local UNSIGNED = "skip_thought_signature_validator"

---@class GeminiConversation
---@field system table[] parts
---@field contents table[]

-- Calls and their results -------------------------------------------------------------------------------------------

local function call_part(call, scene)
  local args, problem = messages.arguments(call)
  if not args then return nil, problem end
  return {
    functionCall = {
      id = scene.ids and call.id or nil, name = tools.sent_name(scene.names, call.name), args = args,
    },
    thoughtSignature = call.signature,
  }
end

--- The first call of a turn answers for all of it.
local function sign(first, index, scene)
  if first and not first.thoughtSignature and scene.signed_from and index > scene.signed_from then
    first.thoughtSignature = UNSIGNED
  end
end

local function append_calls(list, turn, index, scene)
  local first
  for _, call in ipairs(turn.calls or {}) do
    local part, problem = call_part(call, scene)
    if not part then return problem end
    list[#list + 1] = part
    first = first or part
  end
  sign(first, index, scene)
  return nil
end

--- What a function returned: an object as it is, any other text under a name.
local function response_of(texts)
  local text = table.concat(texts, "\n")
  local raw = text:find "^%s*{" and json.raw(text)
  return raw or { result = text }
end

local function split_result(parts)
  local texts, others = {}, {}
  for _, part in ipairs(parts) do
    if part.type == "text" then
      texts[#texts + 1] = part.text
    else
      others[#others + 1] = part
    end
  end
  return texts, others
end

--- One result; images that the model cannot take inside it are put into `behind`.
local function result_part(call, scene, behind)
  local texts, others = split_result(call.result.parts)
  local made = {
    id = scene.ids and call.id or nil, name = tools.sent_name(scene.names, call.name), response = response_of(texts),
  }
  local list = scene.traits.result_parts and json.array {} or behind
  local problem = content.append(list, others, scene)
  if problem then return nil, problem end
  if list ~= behind and #list > 0 then made.parts = list end
  return { functionResponse = made }
end

local function append_results(list, turn, scene)
  local behind = {}
  for _, call in ipairs(turn.answers or {}) do
    local part, problem = result_part(call, scene, behind)
    if not part then return problem end
    list[#list + 1] = part
  end
  for _, part in ipairs(behind) do
    list[#list + 1] = part
  end
  return nil
end

-- Turns --------------------------------------------------------------------------------------------------------------

--- The signature of a turn's text belongs to its last text part; without one it has an empty part of its own.
local function sign_text(list, signature)
  if not signature then return end
  for i = #list, 1, -1 do
    if list[i].text then
      list[i].thoughtSignature = signature
      return
    end
  end
  list[#list + 1] = { text = "", thoughtSignature = signature }
end

local function assistant_parts(turn, index, scene)
  local list = json.array {}
  local problem = content.append(list, turn.parts, scene)
  if problem then return nil, problem end
  sign_text(list, turn.signature)
  problem = append_calls(list, turn, index, scene)
  if problem then return nil, problem end
  return list
end

local function user_parts(turn, _, scene)
  local list = json.array {}
  local problem = append_results(list, turn, scene) or content.append(list, turn.parts, scene)
  if problem then return nil, problem end
  return list
end

--- The text of the client's last word: from there on it is the current turn, whose calls must be signed.
local function last_question(turns)
  for i = #turns, 1, -1 do
    if turns[i].role == "user" and #turns[i].parts > 0 then return i end
  end
  return 0
end

local function joins(previous, role, answers)
  return previous ~= nil and previous.role == role and not previous.answers and not answers
end

--- Neighbours of one role become one content; only results stand alone, since older models refuse text beside them.
local function add(list, role, parts, answers)
  local previous = list[#list]
  if not joins(previous, role, answers) then
    list[#list + 1] = { role = role, parts = parts, answers = answers }
    return
  end
  for _, part in ipairs(parts) do
    previous.parts[#previous.parts + 1] = part
  end
end

local function contents_of(turns, scene)
  local list = {}
  for index, turn in ipairs(turns) do
    if turn.role ~= "system" then
      local render = turn.role == "assistant" and assistant_parts or user_parts
      local parts, problem = render(turn, index, scene)
      if not parts then return nil, problem end
      if #parts > 0 then add(list, turn.role == "assistant" and "model" or "user", parts, turn.answers ~= nil) end
    end
  end
  return list
end

local function system_parts(turns)
  local list = json.array {}
  for _, turn in ipairs(turns) do
    for _, part in ipairs(turn.role == "system" and turn.parts or {}) do
      if part.type ~= "text" then return nil, failure.request("system messages may hold text only", "messages") end
      list[#list + 1] = { text = part.text }
    end
  end
  return list
end

--- A model without system instruction reads it before the first question.
local function put_before(list, system)
  if list[1].role ~= "user" or list[1].answers then
    table.insert(list, 1, { role = "user", parts = json.array {} })
  end
  for i, part in ipairs(system) do
    table.insert(list[1].parts, i, part)
  end
end

--- Google wants a user first.
local function fit(list)
  if list[1].role ~= "user" then
    table.insert(list, 1, { role = "user", parts = json.array { { text = " " } } })
  end
  local made = json.array {}
  for i, entry in ipairs(list) do
    made[i] = { role = entry.role, parts = entry.parts }
  end
  return made
end

--- The whole conversation.
---@param list any the decoded `messages`
---@param scene GeminiScene
---@return GeminiConversation? conversation, Failure? failure
local function render(list, scene)
  local turns, problem = messages.turns(list)
  if not turns then return nil, problem end
  scene.signed_from = scene.traits.signs and last_question(turns) or nil
  local system, bad_system = system_parts(turns)
  if not system then return nil, bad_system end
  local contents, bad_turn = contents_of(turns, scene)
  if not contents then return nil, bad_turn end
  if #contents == 0 then return nil, failure.request("at least one message must have content", "messages") end
  if not scene.traits.system and #system > 0 then
    put_before(contents, system)
    system = {}
  end
  return { system = system, contents = fit(contents) }
end

return { render = render }
