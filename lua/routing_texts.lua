-- SPDX-License-Identifier: Apache-2.0
--- What strategies ask of a request's body: read from its bytes, whatever API the client speaks.

local document = require "gateway.document"
local json = require "gateway.json"
local places = require "places"

local routing_texts = {}

local METADATA_MOST = 65536 -- bytes: more is nobody's list of tags

local function metadata(call)
  local raw = call:raw("metadata", METADATA_MOST)
  local value = raw and json.decode(raw)
  return json.is_object(value) and value or nil
end

local function text(value)
  return type(value) == "string" and value ~= "" and value or nil
end

--- Whom the client asks for.
---@return string?
function routing_texts.user(call)
  local user = text((call:get "user"))
  if user then return user end
  local found = metadata(call)
  return found and text(found.user_id)
end

local function add_words(list, words)
  for word in words:gmatch "[^,]+" do
    word = word:match "^%s*(.-)%s*$"
    if word ~= "" then list[#list + 1] = word end
  end
end

--- Words of the header X-Gateway-Tags and of `metadata.tags`: "a,b", or a list of words.
---@return string[]
function routing_texts.tags(call)
  local list = {}
  add_words(list, call:header "x-gateway-tags" or "")
  local found = metadata(call)
  local tags = found and found.tags
  if type(tags) == "string" then add_words(list, tags) end
  for _, tag in ipairs(json.is_array(tags) and tags or {}) do
    if text(tag) then list[#list + 1] = tag end
  end
  return list
end

--- The members by which APIs bound an answer.
local BOUNDS = { "max_completion_tokens", "max_tokens", "max_output_tokens" }

---@return number?
function routing_texts.max_tokens(call)
  for _, name in ipairs(BOUNDS) do
    local value = call:get(name)
    if type(value) == "number" then return value end
  end
end

local EMPTY_MOST = 16 -- bytes: an empty list with some space in it

---@return boolean
function routing_texts.has_tools(call)
  for _, name in ipairs { "tools", "functions" } do
    local _, kind = call:get(name)
    if kind == "array" and not (call:raw(name, EMPTY_MOST) or "["):find "^%[%s*%]$" then return true end
  end
  return false
end

-- Conversations ------------------------------------------------------------------------------------------------------

--- Where somebody chats: content means nothing to the others (gateway-api 3.5).
local CHATS = { chat = true, completions = true, responses = true }

local KINDS = { text = true, prompt = true, input = true }

--- The parts of a request's body; none where nobody chats.
local function parts(call, surface)
  if not CHATS[surface.name] then return function() end end
  call:look_through()
  local doc = document.of_call(call)
  if not doc then return function() end end
  return doc:texts(places.request(surface.endpoint))
end

---@return string[]
function routing_texts.of_user(call, surface)
  local list = {}
  for part in parts(call, surface) do
    if part.role == "user" and KINDS[part.kind] then list[#list + 1] = part.text end
  end
  return list
end

--- All texts up to the user's first one, cut to so many bytes.
---@param bytes integer
---@return string
function routing_texts.prefix(call, surface, bytes)
  local list, size = {}, 0
  for part in parts(call, surface) do
    local role = part.role
    if role and KINDS[part.kind] then
      list[#list + 1], size = part.text, size + #part.text + 1
      if role == "user" or size > bytes then break end
    end
  end
  return table.concat(list, "\n"):sub(1, bytes)
end

return routing_texts
