-- SPDX-License-Identifier: Apache-2.0
--- The neutral turns of a conversation as Ollama's `messages`: contents are texts, images lie beside them as base64,
--- arguments are objects, results name the function they come from.

local base64 = require "gateway.base64"
local failure = require "providers.dialects.neutral.failure"
local json = require "gateway.json"
local media = require "providers.dialects.neutral.media"
local messages = require "providers.dialects.neutral.messages"

local LARGEST_IMAGE = 20 * 1024 * 1024 -- bytes of one that is fetched

--- An image's bytes as base64. Ollama takes no addresses, so the gateway fetches.
local function image_of(part, call)
  local url = media.image_url(part)
  if not url then return nil, failure.request("image_url must have a url", "messages") end
  local payload = media.data_url(url)
  if payload then return payload.data end
  if not url:find "^[hH][tT][tT][pP][sS]?://" or not call.fetch then
    return nil, failure.request("image_url must be an http(s) URL or a base64 data URL", "messages")
  end
  local bytes, problem = call.fetch(url, { max_bytes = LARGEST_IMAGE })
  if not bytes then return nil, problem end
  return base64.encode(bytes)
end

--- Appends the parts to `texts` and `images`.
local function read_parts(parts, call, texts, images)
  for _, part in ipairs(parts) do
    if part.type == "text" then
      texts[#texts + 1] = part.text
    elseif part.type == "image_url" then
      local image, problem = image_of(part, call)
      if not image then return problem end
      images[#images + 1] = image
    else
      return failure.request(("content parts of type %q cannot be sent to this provider"):format(part.type),
        "messages", "unsupported_content")
    end
  end
  return nil
end

local function message_of(role, parts, call)
  local texts, images = {}, json.array {}
  local problem = read_parts(parts, call, texts, images)
  if problem then return nil, problem end
  return { role = role, content = table.concat(texts, "\n"), images = #images > 0 and images or nil }
end

local function calls_of(turn)
  local list = json.array {}
  for i, call in ipairs(turn.calls) do
    local arguments, problem = messages.arguments(call)
    if not arguments then return nil, problem end
    list[i] = { id = call.id, ["function"] = { index = i - 1, name = call.name, arguments = arguments } }
  end
  return list
end

local function add_results(list, turn, call)
  for _, answered in ipairs(turn.answers or {}) do
    local made, problem = message_of("tool", answered.result.parts, call)
    if not made then return problem end
    made.tool_name, made.tool_call_id = answered.name, answered.id
    list[#list + 1] = made
  end
  return nil
end

local function add_turn(list, turn, call)
  local problem = add_results(list, turn, call)
  if problem then return problem end
  if turn.answers and #turn.parts == 0 then return nil end
  local made, bad_part = message_of(turn.role, turn.parts, call)
  if not made then return bad_part end
  if turn.calls then
    made.tool_calls, problem = calls_of(turn)
    if problem then return problem end
  end
  made.thinking = turn.reasoning
  list[#list + 1] = made
  return nil
end

--- The whole conversation.
---@param call DialectCall
---@return table[]? list, Failure? failure
local function render(call)
  local turns, problem = messages.turns(call.request.messages)
  if not turns then return nil, problem end
  local list = json.array {}
  for _, turn in ipairs(turns) do
    problem = add_turn(list, turn, call)
    if problem then return nil, problem end
  end
  if #list == 0 then return nil, failure.request("at least one message must have content", "messages") end
  return list
end

return { render = render }
