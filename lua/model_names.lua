-- SPDX-License-Identifier: Apache-2.0
--- The names in a provider's answer to "which models are there?", whoever's wire format it is: OpenAI's and
--- Anthropic's {"data":[{"id"}]}, a bare array, {"models":[{"name"}]} of Gemini, Ollama and Cohere, Bedrock's
--- {"modelSummaries":[{"modelId"}]}, Cloudflare's {"result":[{"name"}]}. Answers are large: they are read where they
--- lie.

local catalog = require "gateway.catalog"

local model_names = {}

--- Members that hold a list, with those of its entries that hold a name, the best first.
local LISTS = {
  { "data", "id", "name" },
  { "models", "name", "model", "id" },
  { "modelSummaries", "modelId" },
  { "result", "name", "id" },
  { nil, "id", "name" },
}

--- No provider has more; a list that goes on and on would cost every listing of models its time.
local MOST = 3000

--- Gemini's names are those of resources.
local PREFIX = "models/"

--- Each name once, in the order of their bytes, a line each. Nil and why: an answer that is no list, names nothing, or
--- names too much.
---@param text string the body of a good answer
---@return string? names
---@return integer|string count, or the problem
function model_names.read(text)
  for _, list in ipairs(LISTS) do
    local names, count = catalog.names(text, list[1], PREFIX, list[2], list[3], list[4])
    if names and count > MOST then return nil, ("the answer names more than %d models"):format(MOST) end
    if names and count > 0 then return names, count end
    if names then return nil, "the answer names no model" end
  end
  return nil, "the answer is no list of models"
end

return model_names
