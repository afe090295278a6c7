-- SPDX-License-Identifier: Apache-2.0
--- GET /v1/models and /v1/models/{id}: OpenAI's list and model objects; Anthropic's for clients that send its version;
--- Google's below /v1beta.

local json = require "gateway.json"

local NEVER = "1970-01-01T00:00:00Z" -- Anthropic's clients want a time

local function model_object(id, owner)
  return { id = id, object = "model", created = 0, owned_by = owner }
end

local function of_anthropic(id)
  return { type = "model", id = id, display_name = id, created_at = NEVER }
end

local METHODS = { "generateContent", "streamGenerateContent", "countTokens" }

local function of_google(id)
  return { name = "models/" .. id, displayName = id, supportedGenerationMethods = json.array { unpack(METHODS) } }
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

--- Whose words the client knows: how one model is told, and how many are.
local function words_of(call)
  if call:path():find "^/v1beta/" then return of_google, google_list end
  if call:header "anthropic-version" then return of_anthropic, anthropic_list end
  return model_object, openai_list
end

local function respond(call, value)
  call:respond(200, "application/json", json.encode(value) .. "\n")
end

local function models(call, view)
  local one, all = words_of(call)
  local data = json.array {}
  for _, model in ipairs(view.models()) do data[#data + 1] = one(model.id, model.owned_by) end
  respond(call, all(data))
end

--- One `%41` of a path segment; a slash in a model's name may be sent either way.
local function unescape(hex)
  return string.char(tonumber(hex, 16))
end

local function model(call, view)
  local id = call:path():match "^/v1[%w]*/models/(.*)$":gsub("%%(%x%x)", unescape)
  local owner = view.owner(id)
  if owner then return respond(call, (words_of(call))(id, owner)) end
  local message = "The model %s does not exist here or no configured provider serves it."
  message = message:format(json.encode(id) or "you named")
  call:refuse(404, "invalid_request_error", "model_not_found", message, "model")
end

return { models = models, model = model }
