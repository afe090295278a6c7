-- SPDX-License-Identifier: Apache-2.0
--- embedContent and batchEmbedContents as OpenAI's embeddings.

local json = require "gateway.json"

local failure = require "providers.dialects.neutral.failure"
local parts = require "providers.dialects.gemini.face.parts"
local spelt = require "providers.dialects.gemini.spelt"
local value = require "providers.dialects.neutral.value"

local typed = value.typed

--- The requests of a batch; a single one is a batch of one.
local function requests_of(request)
  local list = spelt.typed(request, "requests", "table")
  if list then return list[1] and list or nil end
  return spelt.member(request, "content") ~= nil and { request } or nil
end

local function texts_of(requests)
  local list = json.array {}
  for i, request in ipairs(requests) do
    local text = parts.joined(spelt.member(request, "content"))
    if text == "" then return nil, failure.request("content must hold text", ("requests[%d].content"):format(i - 1)) end
    list[i] = text
  end
  return list
end

--- Of the first one: OpenAI's body has one for all.
local function setting(requests, name)
  local first = requests[1]
  local config = spelt.typed(first, "embedContentConfig", "table") or spelt.typed(first, "config", "table")
  local found = spelt.member(first, name)
  if found == nil then return spelt.member(config, name) end
  return found
end

--- A task is a word of Google's: only its own dialects read it.
local function is_google(context)
  local dialect = context.target and context.target.dialect or ""
  return dialect:find "^gemini" ~= nil or dialect:find "^vertex" ~= nil
end

---@param context FaceContext
---@return table? body, Failure? failure
local function request(context)
  local requests = requests_of(context.request)
  if not requests then return nil, failure.request("content is not specified", "content") end
  local texts, problem = texts_of(requests)
  if not texts then return nil, problem end
  local google = is_google(context)
  return {
    model = context.model, input = texts, encoding_format = "float",
    dimensions = setting(requests, "outputDimensionality"),
    input_type = google and setting(requests, "taskType") or nil, title = google and setting(requests, "title") or nil,
  }
end

local RAW = { raw = { embedding = true } }

--- The vectors in the spelling of the one who made them.
---@param context FaceContext
---@param text string
---@return string?
local function response(context, text)
  local data = typed(json.decode(text, RAW), "data", "table")
  if not data then return nil end
  local list = json.array {}
  for i, entry in ipairs(data) do list[i] = { values = value.member(entry, "embedding") } end
  if context.facts and context.facts.method == "embedContent" then return json.encode { embedding = list[1] } end
  return json.encode { embeddings = list }
end

return { request = request, response = response }
