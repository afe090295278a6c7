-- SPDX-License-Identifier: Apache-2.0
--- OpenAI's surfaces: what a request to each must look like before anybody is asked (gateway-api 1.3 to 1.9). Members
--- that are not named here are nobody's business but the provider's.

local call_door = require "gateway.call"
local chat = require "chat"
local errors = require "errors"
local forms = require "forms"
local json = require "gateway.json"

---@class Surface one of OpenAI's endpoints, or a client's own that leads to one of them
---@field name string as in Provider.paths
---@field endpoint string as in runtime/process/route.c
---@field read fun(call: table, surface: Surface): Request?, Failure?
---@field measure (fun(request: Request, reply: table?, usage: Usage?): Usage?)? what only this surface counts by
---@field face Face? who speaks it
---@field translator Dialect? the face's dialect

---@class Request one call as the hallway knows it
---@field surface Surface
---@field model string
---@field stream boolean
---@field include_usage boolean the client asked for the usage chunk
---@field visit Passage?
---@field moved boolean? an earlier target failed
---@field replied Target? who has answered the call that a dialect asks further after
---@field worked Target? who has done something for it already: it is not asked for the same again
---@field deadline_at number? when the time for the whole request is over (gateway.clock's monotonic)
---@field failure Failure? of the target that was asked last
---@field failed Target? which one that was
---@field form table? the multipart form in its body
---@field fields table<string, string>? what plugins have changed of it
---@field route Route? of the target that was asked last
---@field usage Usage? once it is known

local SPEECH_MOST = 4096 -- characters

-- Rules --------------------------------------------------------------------------------------------------------------

local function required(name, kind, other)
  return { name, kind, other, required = true, nonempty = true, message = name .. " is required" }
end

local function is(name, kind, message)
  return { name, kind, message = ("%s must be %s"):format(name, message) }
end

local STREAM = is("stream", "boolean", "a boolean")
local USER = is("user", "string", "a string")
local COUNT = { "n", "integer", min = 1, message = "n must be a positive integer" }

local RULES = {
  embeddings = {
    required("model", "string"), required("input", "string", "array"), is("encoding_format", "string", "a string"),
    { "dimensions", "integer", min = 1, message = "dimensions must be a positive integer" }, USER,
    is("input_type", "string", "a string"),
  },
  images = {
    required("model", "string"), required("prompt", "string"), COUNT, is("size", "string", "a string"),
    is("response_format", "string", "a string"), STREAM, USER,
  },
  moderations = { required("model", "string"), required("input", "string", "array") },
  rerank = {
    required("model", "string"), required("query", "string"), required("documents", "array"),
    { "top_n", "integer", min = 1, message = "top_n must be a positive integer" },
    is("return_documents", "boolean", "a boolean"),
    { "max_tokens_per_doc", "integer", min = 1, message = "max_tokens_per_doc must be a positive integer" },
  },
  speech = {
    required("model", "string"), required("input", "string"), required("voice", "string", "object"),
    is("response_format", "string", "a string"), { "speed", "number", message = "speed must be a number" },
  },
  completions = { required("model", "string"), STREAM },
  responses = { required("model", "string"), STREAM },
}

--- Reads a body by its rules: looks at members, decodes nothing.
local function reader(rules)
  local checks = call_door.checks(rules)
  return function(call)
    local fault, model, stream = call:scan(checks)
    if not fault then return nil, errors.invalid("invalid request body: " .. model) end
    if fault > 0 then return nil, errors.invalid(rules[fault].message, rules[fault][1]) end
    return { model = model, stream = stream, include_usage = false }
  end
end

-- What more there is to one of them ----------------------------------------------------------------------------------

local function characters(text)
  return #text:gsub("[\128-\191]", "")
end

local function speech_reader()
  local read = reader(RULES.speech)
  return function(call)
    local request, failure = read(call)
    if not request then return nil, failure end
    request.characters = characters((call:get "input"))
    if request.characters <= SPEECH_MOST then return request end
    return nil, errors.invalid(("input must be at most %d characters, got %d"):format(SPEECH_MOST, request.characters),
      "input")
  end
end

local function images_reader()
  local read = reader(RULES.images)
  return function(call)
    local request, failure = read(call)
    if request then request.images = call:get "n" or 1 end
    return request, failure
  end
end

local function rerank_usage(_, reply, usage)
  local meta = reply and reply:raw "meta"
  local billed = meta and json.decode(meta)
  billed = json.is_object(billed) and json.is_object(billed.billed_units) and billed.billed_units
  if not billed then return usage end
  usage = usage or {}
  usage.search_units = json.number(billed.search_units)
  return usage
end

local MEASURES = {
  speech = function(request, _, usage)
    usage = usage or {}
    usage.characters = usage.characters or request.characters
    return usage
  end,
  images = function(request, _, usage)
    usage = usage or {}
    usage.images = usage.images or request.images
    return usage
  end,
  rerank = rerank_usage,
}

--- A transcription says how long the sound was, if anything.
local function heard(_, reply, usage)
  local seconds = reply and tonumber(reply:raw "duration" or "")
  if not seconds or usage and usage.seconds then return usage end
  usage = usage or {}
  usage.seconds = math.ceil(seconds)
  return usage
end

local IMAGE = { "image", file = true }
local FORMS = {
  transcriptions = forms.reader { { "file", file = true }, { "model" } },
  translations = forms.reader { { "file", file = true }, { "model" } },
  images_edits = forms.either(forms.reader { { "model" }, IMAGE, { "prompt" } }, reader(RULES.images)),
  images_variations = forms.reader { { "model" }, IMAGE },
}
MEASURES.transcriptions, MEASURES.translations = heard, heard
MEASURES.images_edits, MEASURES.images_variations = MEASURES.images, MEASURES.images

local READERS = { speech = speech_reader(), images = images_reader() }

--- By endpoint, which is their name, too.
---@type table<string, Surface>
local surfaces = { chat = { name = "chat", endpoint = "chat", read = chat.read } }

for name, rules in pairs(RULES) do
  surfaces[name] = { name = name, endpoint = name, read = READERS[name] or reader(rules), measure = MEASURES[name] }
end

for name, read in pairs(FORMS) do
  surfaces[name] = { name = name, endpoint = name, read = read, measure = MEASURES[name] }
end

return surfaces
