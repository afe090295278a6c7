-- SPDX-License-Identifier: Apache-2.0
--- Google's generateContent as its own API serves it, with an API key. The parts are in gemini/, one noun each; the
--- same parts serve Vertex (vertex_gemini.lua).

local dialect = require "providers.dialects.gemini.dialect"
local embeddings = require "providers.dialects.gemini.embeddings"
local models = require "providers.dialects.gemini.models"

local TUNED = "tunedModels/"

--- The folder a model lies in, and its name there.
local function place(model)
  if model:sub(1, #TUNED) == TUNED then return TUNED, model:sub(#TUNED + 1) end
  return "models/", models.plain(model)
end

local function named(model)
  local folder, name = place(model)
  return folder .. name
end

local function path_of(call, method)
  local folder, name = place(call.model)
  return ("/%s%s:%s"):format(folder, dialect.escaped(name), method)
end

---@type GeminiHost
local host = {
  name = "gemini",
  ids = true,
  labels = false,
  path = path_of,
  named = named,
  counted = function(call, body)
    body.model = named(call.model)
    return { generateContentRequest = body }
  end,
  embeds = function() return embeddings.BATCH end,
  tier = function(body, _, tier) body.serviceTier = tier end,
}

return dialect.of(host)
