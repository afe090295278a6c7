-- SPDX-License-Identifier: Apache-2.0
--- Google's generateContent as its own API serves it, with an API key; and the clients that speak it. The parts are in
--- gemini/, one noun each; the same parts serve Vertex (vertex_gemini.lua).

local dialect = require "providers.dialects.gemini.dialect"
local embeddings = require "providers.dialects.gemini.embeddings"
local face = require "providers.dialects.gemini.face"
local path = require "providers.dialects.gemini.path"

local function named(model)
  local folder, name = path.place(model)
  return folder .. name
end

---@type GeminiHost
local host = {
  name = "gemini",
  ids = true,
  labels = false,
  path = function(call, method) return path.gemini(call.model, method) end,
  named = named,
  counted = function(call, body)
    body.model = named(call.model)
    return { generateContentRequest = body }
  end,
  embeds = function() return embeddings.BATCH end,
  tier = function(body, _, tier) body.serviceTier = tier end,
  faces = face,
}

return dialect.of(host)
