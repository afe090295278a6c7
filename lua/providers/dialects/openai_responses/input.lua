-- SPDX-License-Identifier: Apache-2.0
--- Chat messages as input items of the Responses API.

local failure = require "providers.dialects.neutral.failure"
local json = require "gateway.json"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

-- Parts --------------------------------------------------------------------------------------------------------------

local function image_part(part)
  local image = part.image_url
  local url = type(image) == "table" and typed(image, "url", "string") or image
  if type(url) ~= "string" then return nil end
  return { type = "input_image", image_url = url, detail = typed(image, "detail", "string") or "auto" }
end

local function file_part(part)
  local file = typed(part, "file", "table")
  local id, data = typed(file, "file_id", "string"), typed(file, "file_data", "string")
  if not id and not data then return nil end
  return { type = "input_file", file_id = id, file_data = data, filename = typed(file, "filename", "string") }
end

local function audio_part(part)
  local audio = typed(part, "input_audio", "table")
  return audio and { type = "input_audio", input_audio = audio }
end

local function text_part(part)
  local text = typed(part, "text", "string")
  return text and { type = "input_text", text = text }
end

local PARTS = { text = text_part, image_url = image_part, file = file_part, input_audio = audio_part }

local function part_of(part, path)
  local kind = typed(part, "type", "string")
  local make = PARTS[kind]
  if not make then
    return nil, failure.request(("content parts of type %q cannot be sent to this provider"):format(kind or ""), path,
      "unsupported_content")
  end
  local made = make(part)
  if not made then return nil, failure.request("a content part lacks its content", path) end
  made.prompt_cache_breakpoint = member(part, "prompt_cache_breakpoint")
  return made
end

local function parts_of(content, path)
  if type(content) == "string" then return json.array { { type = "input_text", text = content } } end
  local list = json.array {}
  if content == nil then return list end
  if type(content) ~= "table" then
    return nil, failure.request("content must be a string or a list of parts", path)
  end
  for at, part in ipairs(content) do
    local made, problem = part_of(part, ("%s[%d]"):format(path, at - 1))
    if not made then return nil, problem end
    list[#list + 1] = made
  end
  return list
end

-- Messages -----------------------------------------------------------------------------------------------------------

local function take_plain(items, message, path)
  local content, problem = parts_of(member(message, "content"), path .. ".content")
  if not content then return problem end
  if #content > 0 then
    items[#items + 1] = { type = "message", role = typed(message, "role", "string"), content = content }
  end
  return nil
end

--- What an earlier answer said; its refusal is one part of it.
local function said(message)
  local content, found = json.array {}, member(message, "content")
  if type(found) == "string" then found = { { type = "text", text = found } } end
  for _, part in ipairs(type(found) == "table" and found or {}) do
    local text, refusal = typed(part, "text", "string"), typed(part, "refusal", "string")
    if text and text ~= "" then content[#content + 1] = { type = "output_text", text = text } end
    if refusal then content[#content + 1] = { type = "refusal", refusal = refusal } end
  end
  local refusal = typed(message, "refusal", "string")
  if refusal then content[#content + 1] = { type = "refusal", refusal = refusal } end
  return content
end

local function call_item(call, path)
  local spec, custom = typed(call, "function", "table"), typed(call, "custom", "table")
  local id, name = typed(call, "id", "string"), typed(spec or custom, "name", "string")
  if not id or not name then
    return nil, failure.request("a tool call must have an id and a function with a name", path)
  end
  if custom then
    return { type = "custom_tool_call", call_id = id, name = name, input = typed(custom, "input", "string") or "" }
  end
  local arguments = typed(spec, "arguments", "string") or ""
  if value.blank(arguments) then arguments = "{}" end
  return { type = "function_call", call_id = id, name = name, arguments = arguments }
end

--- The calls of a message; the one of the old API is known by its name.
local function calls_of(message)
  local calls, old = typed(message, "tool_calls", "table"), typed(message, "function_call", "table")
  if calls and calls[1] or not old then return calls or {} end
  return { { id = typed(old, "name", "string"), ["function"] = old } }
end

--- Reasoning of this API comes back as it was; that of others says nothing here.
local function add_thoughts(items, message)
  for _, block in ipairs(typed(message, "thinking_blocks", "table") or {}) do
    local sealed = typed(block, "encrypted_content", "string")
    if typed(block, "type", "string") == "openai_reasoning" and sealed then
      items[#items + 1] = {
        type = "reasoning", id = typed(block, "id", "string"), encrypted_content = sealed,
        summary = json.array(typed(block, "summary", "table") or {}),
      }
    end
  end
end

local function take_assistant(items, message, path, walk)
  if not walk.moved then add_thoughts(items, message) end
  local content = said(message)
  if #content > 0 then items[#items + 1] = { type = "message", role = "assistant", content = content } end
  for at, call in ipairs(calls_of(message)) do
    local item, problem = call_item(call, ("%s.tool_calls[%d]"):format(path, at - 1))
    if not item then return problem end
    walk.custom[item.call_id] = item.type == "custom_tool_call" or nil
    items[#items + 1] = item
  end
  return nil
end

local function is_text(content)
  for _, part in ipairs(content) do
    if part.type ~= "input_text" then return false end
  end
  return true
end

--- Text alone goes as a string.
local function output_of(content)
  if not is_text(content) then return content end
  local texts = {}
  for i, part in ipairs(content) do texts[i] = part.text end
  return table.concat(texts, "\n")
end

local function take_result(items, message, path, walk)
  local id = typed(message, "tool_call_id", "string") or typed(message, "name", "string")
  if not id then return failure.request("a tool message must have a tool_call_id", path .. ".tool_call_id") end
  local content, problem = parts_of(member(message, "content"), path .. ".content")
  if not content then return problem end
  items[#items + 1] = {
    type = walk.custom[id] and "custom_tool_call_output" or "function_call_output", call_id = id,
    output = output_of(content),
  }
  return nil
end

local TAKE = {
  system = take_plain, developer = take_plain, user = take_plain, assistant = take_assistant, tool = take_result,
  ["function"] = take_result,
}

--- The items of a conversation.
---@param messages any the decoded `messages` member
---@param moved boolean? an earlier target failed: what another model sealed does not belong here
---@return table[]? items, Failure? failure
local function items_of(messages, moved)
  if type(messages) ~= "table" or not messages[1] then
    return nil, failure.request("at least one message is required", "messages")
  end
  local items, walk = json.array {}, { custom = {}, moved = moved }
  for at, message in ipairs(messages) do
    local path = ("messages[%d]"):format(at - 1)
    local take = TAKE[typed(message, "role", "string")]
    if not take then
      return nil, failure.request("role must be one of system, developer, user, assistant, tool", path .. ".role")
    end
    local problem = take(items, message, path, walk)
    if problem then return nil, problem end
  end
  return items
end

return { items = items_of }
