-- SPDX-License-Identifier: Apache-2.0
--- GET /v1/models and /v1/models/{id} (OpenAI's list and model objects).

local clock = require "gateway.clock"
local json = require "gateway.json"

local PREFIX = "/v1/models/"
local STRETCH = 100 -- models that are described before other requests have their turn

--- OpenAI's model object, with what the catalog says of the model (gateway-api 1.13). What is not known is left out.
local function model_object(view, listed, today)
  local object = view.about(listed, today) or {}
  object.id, object.object, object.created, object.owned_by = listed.id, "model", 0, listed.owned_by
  return object
end

local function today()
  return clock.iso():sub(1, 10)
end

local function models(call, view)
  local data, date = json.array {}, today()
  for i, listed in ipairs(view.models()) do
    data[i] = model_object(view, listed, date)
    if i % STRETCH == 0 then clock.sleep(1) end
  end
  call:respond(200, "application/json", json.encode { object = "list", data = data } .. "\n")
end

--- One `%41` of a path segment; a slash in a model's name may be sent either way.
local function unescape(hex)
  return string.char(tonumber(hex, 16))
end

local function model(call, view)
  local id = call:path():sub(#PREFIX + 1):gsub("%%(%x%x)", unescape)
  local _, listed = view.owner(id)
  if listed then
    local object = model_object(view, listed, today())
    return call:respond(200, "application/json", json.encode(object) .. "\n")
  end
  local message = "The model %s does not exist here or no configured provider serves it."
  message = message:format(json.encode(id) or "you named")
  call:refuse(404, "invalid_request_error", "model_not_found", message, "model")
end

return { models = models, model = model }
