-- SPDX-License-Identifier: Apache-2.0
--- The contents of Gemini's clients as OpenAI's messages. Their calls may have no ids: those get one that the same
--- history always makes again, and results find their call by its name.

local crypto = require "gateway.crypto"
local json = require "gateway.json"

local failure = require "providers.dialects.neutral.failure"
local ordered = require "providers.dialects.neutral.ordered"
local parts = require "providers.dialects.gemini.face.parts"
local spelt = require "providers.dialects.gemini.spelt"

---@class FaceWalk
---@field wants Wants
---@field messages table[]
---@field open { id: string, name: string }[] calls without a result yet
---@field made integer ids made so far

local function push(walk, message)
  walk.messages[#walk.messages + 1] = message
end

--- Parts as OpenAI's content: a single text is plain.
local function content_of(list)
  if #list == 1 and list[1].type == "text" then return list[1].text end
  return json.array(list)
end

-- The model's turns --------------------------------------------------------------------------------------------------

local function id_of(walk, call, name)
  local id = spelt.typed(call, "id", "string")
  if id and id ~= "" then return id end
  walk.made = walk.made + 1
  return "call_" .. crypto.sha256(("%d %s"):format(walk.made, name)):sub(1, 24)
end

local function arguments_of(call)
  local args = spelt.member(call, "args")
  return args ~= nil and ordered.compact(json.encode(args)) or "{}"
end

local function extra(signature, wants)
  return signature and wants.google and { google = { thought_signature = signature } } or nil
end

local function tool_call(walk, part, call)
  local name = spelt.typed(call, "name", "string")
  if not name then return nil, failure.request("functionCall needs a name", "contents") end
  local id = id_of(walk, call, name)
  walk.open[#walk.open + 1] = { id = id, name = name }
  return {
    id = id, type = "function", ["function"] = { name = name, arguments = arguments_of(call) },
    extra_content = extra(spelt.typed(part, "thoughtSignature", "string"), walk.wants),
  }
end

---@class FaceSaid what a model's content says
---@field texts string[]
---@field thoughts string[]
---@field calls table[]
---@field signature string?

local function take_model_part(walk, said, part)
  local call = spelt.typed(part, "functionCall", "table")
  if call then
    local made, problem = tool_call(walk, part, call)
    said.calls[#said.calls + 1] = made
    return problem
  end
  local text = spelt.typed(part, "text", "string")
  local list = spelt.typed(part, "thought", "boolean") and said.thoughts or said.texts
  list[#list + 1] = text
  said.signature = spelt.typed(part, "thoughtSignature", "string") or said.signature
  return nil
end

local function add_model(walk, content)
  local said = { texts = {}, thoughts = {}, calls = json.array {} }
  local before = walk.messages[#walk.messages]
  if not before or before.role ~= "assistant" then walk.open = {} end
  for _, part in ipairs(spelt.typed(content, "parts", "table") or {}) do
    local problem = take_model_part(walk, said, part)
    if problem then return problem end
  end
  local text, thought = table.concat(said.texts), table.concat(said.thoughts)
  if text == "" and #said.calls == 0 then return nil end
  push(walk, {
    role = "assistant", content = text ~= "" and text or json.null,
    reasoning_content = walk.wants.reasoning and thought ~= "" and thought or nil,
    tool_calls = #said.calls > 0 and said.calls or nil, extra_content = extra(said.signature, walk.wants),
  })
  return nil
end

-- The user's turns ---------------------------------------------------------------------------------------------------

--- The call that a result answers: by its id, else the first one of its name that waits.
local function answered(walk, id, name)
  for _, key in ipairs { "id", "name" } do
    local wanted = key == "id" and id or name
    for at, call in ipairs(walk.open) do
      if wanted and call[key] == wanted then return table.remove(walk.open, at) end
    end
  end
  return nil
end

--- Pictures that a function returned stand behind the results: OpenAI's results are text.
local function take_result_parts(walk, response, behind)
  for _, part in ipairs(spelt.typed(response, "parts", "table") or {}) do
    local made, problem = parts.content_part(part, walk.wants.google)
    if problem then return problem end
    behind[#behind + 1] = made
  end
  return nil
end

local function add_result(walk, response, behind)
  local id, name = spelt.typed(response, "id", "string"), spelt.typed(response, "name", "string")
  local call = answered(walk, id ~= "" and id or nil, name)
  if not call then
    return failure.request(("functionResponse %q answers no functionCall before it"):format(name or id or ""),
      "contents")
  end
  local found = spelt.member(response, "response")
  local text = found ~= nil and ordered.compact(json.encode(found)) or "{}"
  push(walk, { role = "tool", tool_call_id = call.id, content = text })
  return take_result_parts(walk, response, behind)
end

local function add_user(walk, content)
  local list = {}
  for _, part in ipairs(spelt.typed(content, "parts", "table") or {}) do
    local response = spelt.typed(part, "functionResponse", "table")
    local made, problem
    if response then
      problem = add_result(walk, response, list)
    else
      made, problem = parts.content_part(part, walk.wants.google)
    end
    if problem then return problem end
    list[#list + 1] = made
  end
  if #list > 0 then push(walk, { role = "user", content = content_of(list) }) end
  return nil
end

local function add_system(walk, request)
  local text = parts.joined(spelt.member(request, "systemInstruction"))
  if text ~= "" then push(walk, { role = "system", content = text }) end
end

--- The whole conversation.
---@param request table the client's body
---@param wants Wants
---@return table[]? messages, Failure? failure
local function messages(request, wants)
  local walk = { wants = wants, messages = json.array {}, open = {}, made = 0 }
  add_system(walk, request)
  local contents = spelt.member(request, "contents")
  if type(contents) == "string" then contents = { { parts = { { text = contents } } } } end
  if type(contents) == "table" and contents.parts then contents = { contents } end
  if type(contents) ~= "table" or contents[1] == nil then
    return nil, failure.request("contents is not specified", "contents")
  end
  for _, content in ipairs(contents) do
    local add = spelt.typed(content, "role", "string") == "model" and add_model or add_user
    local problem = add(walk, content)
    if problem then return nil, problem end
  end
  return walk.messages
end

return { messages = messages }
