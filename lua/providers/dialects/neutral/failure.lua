-- SPDX-License-Identifier: Apache-2.0
--- Failures in the gateway's one shape, and how to read what a vendor sends with a bad status: JSON of any form, a
--- page of HTML, plain words, or nothing. Reading never fails.

local json = require "gateway.json"
local log = require "gateway.log"

local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

-- Characters of a vendor's message that reach the client; of a text that is no JSON, fewer.
local LONGEST_MESSAGE, LONGEST_TEXT = 2048, 1024
local LONGEST_READ = 16384 -- characters of it that are looked at for secrets

--- A request that this vendor's API cannot express; another one might.
---@param message string
---@param param string?
---@param code string?
---@return Failure
local function request(message, param, code)
  return {
    status = 400, type = "invalid_request_error", code = code or "invalid_request", message = message, param = param,
    elsewhere = true,
  }
end

--- An answer that is not what the vendor's API promises.
---@param message string
---@return Failure
local function answer(message)
  return {
    status = 502, type = "api_error", code = "upstream_invalid_response", message = message, lost = true,
  }
end

--- A stream that stopped before the vendor said it was over.
---@return Failure
local function truncated()
  return {
    status = 502, type = "api_error", code = "upstream_stream_truncated", lost = true,
    message = "The upstream stream ended before it was complete.",
  }
end

--- A vendor may repeat the key it refuses, or the caller's own data: neither goes further.
local function fit(text, limit)
  return value.cut(log.redacted(value.cut(text, LONGEST_READ)), limit)
end

local function looks_like_markup(text)
  return text:find("^%s*<") ~= nil
end

--- A body as a decoded table; some vendors wrap it in a list.
local function decoded(text)
  if not text:find("^%s*[%[{]") then return nil end
  local body = json.decode(text)
  if type(body) == "table" and type(body[1]) == "table" then return body[1] end
  return type(body) == "table" and body or nil
end

--- `{msg}` objects and strings of a list in one line.
local function joined(list)
  local parts = {}
  for _, item in ipairs(list) do
    local text = type(item) == "string" and item
      or typed(item, "msg", "string") or typed(item, "message", "string") or typed(item, "description", "string")
    if text then parts[#parts + 1] = text end
  end
  return #parts > 0 and table.concat(parts, "; ") or nil
end

--- The first words among the members of `object` that `names` lists; their value may be nested once more.
local function words(object, names)
  for _, name in ipairs(names) do
    local found = member(object, name)
    if type(found) == "string" and not value.blank(found) then return found end
    local inner = type(found) == "table"
      and (joined(found) or words(found, { "message", "error", "detail", "msg", "description" }))
    if inner then return inner end
  end
  return nil
end

local MESSAGE = { "error", "detail", "message", "Message", "errors", "msg", "error_message", "title", "base_resp" }
local INNER_MESSAGE = { "message", "error", "detail", "msg", "status_msg", "metadata" }

local function message_of(body)
  local inner = typed(body, "error", "table") or typed(body, "base_resp", "table")
  return inner and words(inner, INNER_MESSAGE) or words(body, MESSAGE)
end

--- A code or type as text; what only repeats the status says nothing.
local function label(found, status)
  local number = json.number(found)
  if number then found = ("%.14g"):format(number) end
  if type(found) ~= "string" or value.blank(found) or found == tostring(status) then return nil end
  return value.cut(found, 128)
end

--- Where a body keeps its code and type: an inner object, the first of a list, or the top.
local function holder(body)
  local inner = typed(body, "error", "table") or typed(body, "base_resp", "table")
  if inner and not inner[1] then return inner end
  local list = typed(body, "errors", "table")
  return list and type(list[1]) == "table" and list[1] or body
end

local function code_of(inner, body, status)
  return label(member(inner, "code"), status)
    or label(member(body, "code"), status)
    or label(member(body, "error_code"), status)
    or label(member(inner, "status_code"), status)
    or label(member(inner, "key"), status)
    or label(member(body, "reason"), status)
end

local function type_of(inner, status)
  local found = label(member(inner, "type"), status)
  if found == "error" then return nil end
  return found
end

---@class Fault what a vendor said about a failed call; every member may be missing
---@field message string?
---@field type string?
---@field code string?
---@field param string?
---@field details table? Anthropic's `error.details`

--- Words that are no JSON. With a refusal they say what is wrong; with a fault of the server they are its stack.
local function read_text(status, text)
  if status >= 500 or text == "" or looks_like_markup(text) or value.blank(text) then return {} end
  return { message = value.trimmed(fit(text:sub((text:find("%S"))), LONGEST_TEXT)) }
end

--- What the body of a failed answer says.
---@param status integer
---@param text string?
---@return Fault
local function read(status, text)
  text = text or ""
  local body = decoded(text)
  if not body then return read_text(status, text) end
  local inner = holder(body)
  local message = message_of(body)
  return {
    message = message and fit(message, LONGEST_MESSAGE),
    type = type_of(inner, status),
    code = code_of(inner, body, status),
    param = label(member(inner, "param"), status),
    details = typed(inner, "details", "table"),
  }
end

-- Vendors' words for a prompt that is longer than the model's window.
local TOO_LONG = {
  "prompt is too long", "input is too long", "maximum context length", "context window", "context_length_exceeded",
  "exceeds the maximum number of tokens", "input token count", "inputs tokens + max_new_tokens must be",
  "exceed context limit", "request_too_large",
}

--- Whether a refusal means that the prompt does not fit into the model's window.
---@param status integer
---@param message string?
---@return boolean
local function is_context_length(status, message)
  if not message or (status ~= 400 and status ~= 413 and status ~= 422) then return false end
  local lower = message:lower()
  for _, words_of_it in ipairs(TOO_LONG) do
    if lower:find(words_of_it, 1, true) then return true end
  end
  return status == 400 and lower:find("too many tokens", 1, true) ~= nil
end

return {
  request = request,
  answer = answer,
  truncated = truncated,
  read = read,
  is_context_length = is_context_length,
}
