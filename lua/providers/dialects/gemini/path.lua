-- SPDX-License-Identifier: Apache-2.0
--- Where a model is asked, below the base of each host.

local models = require "providers.dialects.gemini.models"

local TUNED, ENDPOINT = "tunedModels/", "endpoints/"

--- A name as one segment of a path, so that it leads nowhere else; "@" and ":" may stay.
---@param text string
---@return string
local function escaped(text)
  return (text:gsub("[^%w%-%._~@:]", function(byte) return ("%%%02X"):format(byte:byte()) end))
end

--- The folder a model lies in at Google's own API, and its name there.
---@param model string
---@return string folder, string name
local function place(model)
  if model:sub(1, #TUNED) == TUNED then return TUNED, model:sub(#TUNED + 1) end
  return "models/", models.plain(model)
end

---@param model string
---@param method string
---@return string
local function gemini(model, method)
  local folder, name = place(model)
  return ("/%s%s:%s"):format(folder, escaped(name), method)
end

--- Fine-tuned models are endpoints of their own.
---@param model string
---@param method string
---@return string
local function vertex_gemini(model, method)
  if model:sub(1, #ENDPOINT) == ENDPOINT then
    return ("/%s%s:%s"):format(ENDPOINT, escaped(model:sub(#ENDPOINT + 1)), method)
  end
  return ("/publishers/google/models/%s:%s"):format(escaped(models.plain(model)), method)
end

return { escaped = escaped, place = place, gemini = gemini, vertex_gemini = vertex_gemini }
