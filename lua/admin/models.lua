-- SPDX-License-Identifier: Apache-2.0
--- GET /v1/models and /v1/models/{id} (OpenAI's list and model objects).

local json = require "gateway.json"

local PREFIX = "/v1/models/"

local function model_object(id, owner)
  return { id = id, object = "model", created = 0, owned_by = owner }
end

local function models(call, view)
  local data = json.array {}
  for _, model in ipairs(view.models()) do data[#data + 1] = model_object(model.id, model.owned_by) end
  call:respond(200, "application/json", json.encode { object = "list", data = data } .. "\n")
end

--- One `%41` of a path segment; a slash in a model's name may be sent either way.
local function unescape(hex)
  return string.char(tonumber(hex, 16))
end

local function model(call, view)
  local id = call:path():sub(#PREFIX + 1):gsub("%%(%x%x)", unescape)
  local owner = view.owner(id)
  if owner then return call:respond(200, "application/json", json.encode(model_object(id, owner)) .. "\n") end
  local message = "The model %s does not exist here or no configured provider serves it."
  message = message:format(json.encode(id) or "you named")
  call:refuse(404, "invalid_request_error", "model_not_found", message, "model")
end

return { models = models, model = model }
