-- SPDX-License-Identifier: Apache-2.0
--- countTokens: how many tokens a chat request would be.

local json = require "gateway.json"

local failure = require "providers.dialects.neutral.failure"
local request = require "providers.dialects.gemini.request"
local value = require "providers.dialects.neutral.value"

--- What counts of a request: how the answer is to be made does not.
local function counted(body)
  return { contents = body.contents, systemInstruction = body.systemInstruction, tools = body.tools }
end

---@param host GeminiHost
---@return Operation
local function of(host)
  return {
    request = function(call)
      local draft, problem = request.draft_of(call, host)
      if not draft then return nil, problem end
      local body = host.counted(call, counted(draft.body))
      return { path = host.path(call, "countTokens"), headers = draft.headers, body = json.encode(body) }
    end,
    response = function(_, text)
      local total = value.typed(json.decode(text), "totalTokens", "number")
      if not total then return nil, failure.answer("the upstream provider's answer is not a count of tokens") end
      return json.encode { input_tokens = total }, {}
    end,
  }
end

return { of = of }
