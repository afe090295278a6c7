-- SPDX-License-Identifier: Apache-2.0
--- What Gemini's clients say in the address: the model, and what is wanted of it.

local failure = require "providers.dialects.neutral.failure"

local PREFIX = "^/v1%a*/models/" -- /v1beta, or /v1, in which OpenAI has its models
local METHODS = {
  generateContent = true, streamGenerateContent = true, countTokens = true, embedContent = true,
  batchEmbedContents = true,
}

---@class GeminiFacts what the address says
---@field method string
---@field sse boolean the stream is of events; else it is one JSON array
---@field pings boolean the client bears empty lines before an event
---@field query string? without the key

local function unescape(text)
  return (text:gsub("%%(%x%x)", function(digits) return string.char(tonumber(digits, 16)) end))
end

--- The key is the gateway's: nobody behind it sees it.
local function without_key(query)
  local kept = {}
  for pair in (query or ""):gmatch "[^&]+" do
    if pair:match "^[^=]*" ~= "key" then kept[#kept + 1] = pair end
  end
  return #kept > 0 and table.concat(kept, "&") or nil
end

local function wants_events(query)
  for pair in (query or ""):gmatch "[^&]+" do
    if pair == "alt=sse" or pair == "%24alt=sse" or pair == "$alt=sse" then return true end
  end
  return false
end

--- The model may have slashes and colons: the last colon is before the method.
---@param path string
---@return string? model, string? method
local function address_of(path)
  local model, method = path:gsub(PREFIX, "", 1):match "^(.+):(%a+)$"
  if not model or not METHODS[method] then return nil end
  model = unescape(model)
  return model:match "^models/(.+)$" or model, method
end

--- Google's first SDK for JavaScript reads no event that an empty line is before; it names itself so.
local function bears_pings(call)
  return not (call:header "x-goog-api-client" or ""):find("genai-js/", 1, true)
end

--- Looks at the address; the body is nobody's business yet.
---@param call table
---@return table? request, Failure? failure
local function read(call)
  local model, method = address_of(call:path())
  if not model then return nil, failure.request("the path names no model and method", "model") end
  local query = without_key(call:query())
  local stream = method == "streamGenerateContent"
  return {
    model = model, stream = stream, include_usage = true,
    facts = {
      method = method, sse = stream and wants_events(query), query = query, pings = stream and bears_pings(call),
    },
  }
end

return { read = read, address_of = address_of }
