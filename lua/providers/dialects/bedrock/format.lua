-- SPDX-License-Identifier: Apache-2.0
--- Answers by a schema: the vendor's own way where the model has it, else a tool that it is made to call.

local failure = require "providers.dialects.neutral.failure"
local parameters = require "providers.dialects.neutral.parameters"
local schema = require "providers.dialects.neutral.schema"
local thinking = require "providers.dialects.anthropic.thinking"
local tools = require "providers.dialects.bedrock.tools"
local value = require "providers.dialects.neutral.value"

local typed = value.typed

local JSON_SENTENCE = "Answer with one JSON object and nothing else."
local CALL_SENTENCE = "Give the answer by calling the tool %s."

local function name_of(request)
  local wish = typed(typed(typed(request, "response_format", "table"), "json_schema", "table"), "name", "string")
  return wish and wish ~= "" and wish:gsub("[^%w_%-]", "_"):sub(1, 64) or "answer"
end

--- The schema goes as a text.
local function set_format(draft, text)
  local fit = schema.strict(text)
  if not fit then return false end
  draft.body.outputConfig = {
    textFormat = { type = "json_schema", structure = { jsonSchema = { schema = fit, name = name_of(draft.request) } } },
  }
  return true
end

--- Beside tools of the client's, which must stay usable, any of them may be called.
local function force_answer(draft, text)
  local tool = tools.answer_tool(text, draft.names)
  if not tool then return false end
  local shared = #draft.tools > 0
  draft.tools[#draft.tools + 1] = tool
  draft.call.kept.answer_tool = tool.name
  if not draft.model.forced then
    draft.add_sentence(draft, CALL_SENTENCE:format(tool.name))
    return true
  end
  draft.choice = shared and { kind = "any" } or { kind = "tool", name = tool.name }
  if draft.model.claude then draft.thought = thinking.without(draft.thought, draft.model.claude) end
  return true
end

--- What `response_format` asks for.
---@param draft BedrockDraft
---@return Failure?
local function add(draft)
  local wish, problem = parameters.format(draft.request)
  if not wish then return problem end
  if wish.kind == "json_object" then
    draft.add_sentence(draft, JSON_SENTENCE)
    return nil
  end
  local fit = draft.model.structured and set_format or force_answer
  if fit(draft, wish.text) then return nil end
  return failure.request("schema must be a JSON Schema object", "response_format.json_schema.schema")
end


return { add = add }
