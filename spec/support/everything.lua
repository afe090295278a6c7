-- SPDX-License-Identifier: Apache-2.0
--- Chat requests and answers that have every member of OpenAI's API between them (its reference of chat completions).
--- What few can translate stands alone, so that its refusal hides nothing else.

local spec = require "gateway.spec"

local REQUESTS = {
  "plain", "parts", "tools", "allowed", "schema", "thinking", "streamed", "legacy", "legacy-functions", "choices",
  "refusals", "audio", "stored-file", "custom-tool", "custom-call",
}
local ANSWERS = { "answer", "answer-refusal" }

local function texts(names)
  local list = {}
  for i, name in ipairs(names) do list[i] = spec.fixture(("everything/%s.json"):format(name)) end
  return list
end

return { requests = texts(REQUESTS), answers = texts(ANSWERS) }
