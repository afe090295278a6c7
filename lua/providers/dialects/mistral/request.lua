-- SPDX-License-Identifier: Apache-2.0
--- What a request to Mistral needs beyond what its data say: documents and audio as its own parts, results with their
--- function's name, no empty assistant message, a mark on an assistant message to be continued.

local failure = require "providers.dialects.neutral.failure"
local history = require "providers.dialects.openai.history"
local json = require "gateway.json"
local request = require "providers.dialects.openai.request"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

local function document(part)
  local file = typed(part, "file", "table")
  local id, data = typed(file, "file_id", "string"), typed(file, "file_data", "string")
  if id then return { type = "file", file_id = id } end
  if not data then return nil, failure.request("a file part needs file_data or file_id", "messages") end
  return { type = "document_url", document_url = data, document_name = typed(file, "filename", "string") }
end

local function audio(part)
  local data = typed(typed(part, "input_audio", "table"), "data", "string")
  return data and { type = "input_audio", input_audio = data } or part
end

local PARTS = {
  file = function(part) if type(part.file) == "table" then return document(part) end return part end,
  input_audio = audio,
  refusal = function(part) return { type = "text", text = typed(part, "refusal", "string") or "" } end,
}

local function content_of(message)
  local parts = typed(message, "content", "table")
  if not parts then return message.content end
  local list = json.array {}
  for i, part in ipairs(parts) do
    local make = PARTS[typed(part, "type", "string")]
    if make then
      local made, problem = make(part)
      if not made then return nil, problem end
      part = made
    end
    list[i] = part
  end
  return list
end

local function names_of_calls(messages)
  local names = {}
  for _, message in ipairs(messages) do
    for _, call in ipairs(typed(message, "tool_calls", "table") or {}) do
      local id, name = typed(call, "id", "string"), typed(typed(call, "function", "table"), "name", "string")
      if id then names[id] = name end
    end
  end
  return names
end

local function is_empty(message)
  local content, calls = member(message, "content"), typed(message, "tool_calls", "table")
  if message.role ~= "assistant" or calls and calls[1] then return false end
  return content == nil or content == "" or type(content) == "table" and content[1] == nil
end

-- Members of a message; anything else is refused with 422.
local KNOWN = {
  role = true, content = true, tool_calls = true, tool_call_id = true, name = true, prefix = true,
}

local function fitted(message, names)
  local content, problem = content_of(message)
  if problem then return nil, problem end
  local made = {}
  for name, field in pairs(message) do
    if KNOWN[name] then made[name] = field end
  end
  made.content = content
  if message.role == "tool" then made.name = member(message, "name") or names[message.tool_call_id] end
  return made
end

local function adjust(body)
  local names, list = names_of_calls(body.messages), json.array {}
  for _, message in ipairs(body.messages) do
    if type(message) == "table" and not is_empty(message) then
      local made, problem = fitted(message, names)
      if not made then return problem end
      list[#list + 1] = made
    end
  end
  local last = list[#list]
  if last and last.role == "assistant" and not last.tool_calls and last.prefix == nil then
    list[#list] = history.copy(last)
    list[#list].prefix = true
  end
  body.messages = list
  return nil
end

--- Builds the vendor's request.
---@param call DialectCall
---@param provider Provider
---@return DialectRequest? request, Failure? failure
local function build(call, provider)
  return request.build(call, provider, adjust)
end

return { build = build }
