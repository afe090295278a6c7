-- SPDX-License-Identifier: Apache-2.0
--- Cohere tells how likely its chosen tokens were, one entry a piece of text; OpenAI's clients read one entry a token.

local json = require "gateway.json"
local value = require "providers.dialects.neutral.value"

local typed = value.typed

local function sum_of(list)
  local sum = 0
  for _, number in ipairs(list or {}) do sum = sum + (json.number(number) or 0) end
  return sum
end

--- `choices[].logprobs` of an answer; nil when there is nothing to tell.
---@param answer table
---@return table?
local function of(answer)
  local content = json.array {}
  for _, item in ipairs(typed(answer, "logprobs", "table") or {}) do
    local text, list = typed(item, "text", "string"), typed(item, "logprobs", "table")
    if text and list then
      content[#content + 1] = {
        token = text, logprob = #list == 1 and list[1] or sum_of(list), bytes = json.null,
        top_logprobs = json.array {},
      }
    end
  end
  return #content > 0 and { content = content, refusal = json.null } or nil
end

return { of = of }
