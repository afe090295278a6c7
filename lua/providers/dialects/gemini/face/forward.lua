-- SPDX-License-Identifier: Apache-2.0
--- A client of Gemini's API in front of a target that speaks it: the client's bytes go out and the answer's come back.

local dialect_path = require "providers.dialects.gemini.path"

-- Where models lie at each host, and which methods mean the same there.
local HOSTS = {
  gemini = {
    generateContent = true, streamGenerateContent = true, countTokens = true, embedContent = true,
    batchEmbedContents = true,
  },
  vertex_gemini = { generateContent = true, streamGenerateContent = true },
}

--- A stream that is one JSON array cannot be looked at from the side as events can: it is translated.
local function is_array(facts)
  return facts.method == "streamGenerateContent" and not facts.sse
end

--- How the bytes go to `target`; nil: it speaks something else, or says this in other words.
---@param context FaceContext
---@param target table
---@return Forward?
local function forward(context, target)
  local methods, facts = HOSTS[target.dialect], context.facts
  if not methods or not facts or not methods[facts.method] or is_array(facts) then return nil end
  local model = target.model or context.model
  local path = dialect_path[target.dialect](model, facts.method)
  return {
    path = facts.query and path .. "?" .. facts.query or path,
    headers = { ["x-goog-user-project"] = (context.headers or {})["x-goog-user-project"] },
  }
end

return { forward = forward }
