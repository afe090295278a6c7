-- SPDX-License-Identifier: Apache-2.0
--- GET /v1/models and /v1/models/{id}: OpenAI's list and model objects; Anthropic's for clients that send its version;
--- Google's below /v1beta.

local clock = require "gateway.clock"
local json = require "gateway.json"

local NEVER = "1970-01-01T00:00:00Z" -- Anthropic's clients want a time
local STRETCH = 100 -- models that are described before other requests have their turn

--- OpenAI's model object, with what the catalog says of the model (gateway-api 1.13). What is not known is left out.
local function of_openai(listed, view, date)
  local object = view.about(listed, date) or {}
  object.id, object.object, object.created, object.owned_by = listed.id, "model", 0, listed.owned_by
  return object
end

local function today()
  return clock.iso():sub(1, 10)
end

local function of_anthropic(listed)
  return { type = "model", id = listed.id, display_name = listed.id, created_at = NEVER }
end

local METHODS = { "generateContent", "streamGenerateContent", "countTokens" }

local function of_google(listed, view, date)
  local about = view.about(listed, date) or {}
  return {
    name = "models/" .. listed.id, displayName = listed.id, inputTokenLimit = about.context_window,
    outputTokenLimit = about.max_output_tokens, supportedGenerationMethods = json.array { unpack(METHODS) },
  }
end

local function openai_list(data)
  return { object = "list", data = data }
end

local function anthropic_list(data)
  return {
    data = data, has_more = false, first_id = data[1] and data[1].id or json.null,
    last_id = data[1] and data[#data].id or json.null,
  }
end

local function google_list(data)
  return { models = data }
end

--- Whose words the client knows: how one model is told, and how many are. Errors go by the same: process/shape.c.
local function words_of(call)
  if call:path():find "^/v1beta/" then return of_google, google_list end
  if call:header "anthropic-version" then return of_anthropic, anthropic_list end
  if call:header "x-goog-api-key" then return of_google, google_list end
  return of_openai, openai_list
end

local function respond(call, value)
  call:respond(200, "application/json", json.encode(value) .. "\n")
end

local function models(call, view)
  local one, all = words_of(call)
  local data, date = json.array {}, today()
  for i, listed in ipairs(view.models()) do
    data[i] = one(listed, view, date)
    if i % STRETCH == 0 then clock.sleep(1) end
  end
  respond(call, all(data))
end

--- One `%41` of a path segment; a slash in a model's name may be sent either way.
local function unescape(hex)
  return string.char(tonumber(hex, 16))
end

local function model(call, view)
  local id = call:path():match "^/v1[%w]*/models/(.*)$":gsub("%%(%x%x)", unescape)
  local _, listed = view.owner(id)
  if listed then return respond(call, (words_of(call))(listed, view, today())) end
  local message = "The model %s does not exist here or no configured provider serves it."
  message = message:format(json.encode(id) or "you named")
  call:refuse(404, "invalid_request_error", "model_not_found", message, "model")
end

return { models = models, model = model }
