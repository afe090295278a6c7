-- SPDX-License-Identifier: Apache-2.0
--- The prompts of a legacy completion.

local failure = require "providers.dialects.neutral.failure"
local json = require "gateway.json"

local MOST = 128 -- prompts in one request: each is a call of its own
-- As gateway-api 1.4 has it; several texts have become possible since.
local TOKENS = "prompt must be a string or single-element array; batch, token-id, and nested-array prompts are not "
  .. "supported"

local function refused(message)
  local problem = failure.request(message, "prompt", "unsupported_parameter")
  problem.final = true
  return problem
end

--- Every prompt as text. Null is an empty one. Token ids are some model's own words: nobody else knows them.
---@param prompt any the decoded member
---@return string[]? prompts, Failure? failure
local function read(prompt)
  if prompt == nil or prompt == json.null then return { "" } end
  if type(prompt) == "string" then return { prompt } end
  if not json.is_array(prompt) or #prompt == 0 then return nil, refused(TOKENS) end
  if #prompt > MOST then return nil, refused(("prompt must be an array of at most %d strings"):format(MOST)) end
  for _, text in ipairs(prompt) do
    if type(text) ~= "string" then return nil, refused(TOKENS) end
  end
  return prompt
end

return { read = read }
