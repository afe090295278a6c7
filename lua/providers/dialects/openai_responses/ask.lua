-- SPDX-License-Identifier: Apache-2.0
--- A request of the Responses API as a chat request.

local draft = require "providers.dialects.openai_responses.draft"
local failure = require "providers.dialects.neutral.failure"
local ids = require "providers.dialects.openai_responses.ids"
local items = require "providers.dialects.openai_responses.items"
local json = require "gateway.json"
local shape = require "providers.dialects.openai.shape"
local tools = require "providers.dialects.openai_responses.tools"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

-- Members whose meaning chat has under the same name, or another one.
local SAME = {
  { "temperature", "number" }, { "top_p", "number" }, { "user", "string" }, { "service_tier", "string" },
  { "safety_identifier", "string" }, { "prompt_cache_key", "string" }, { "prompt_cache_options", "table" },
  { "prompt_cache_retention", "string" }, { "moderation", "table" },
  { "max_output_tokens", "number", as = "max_completion_tokens" },
}
local ARTICLES = { number = "a number", string = "a string", table = "an object" }
local TIERS = { ultrafast = true } -- those of Responses alone

local function add_same(made)
  for _, rule in ipairs(SAME) do
    local name = rule[1]
    local found = member(made.request, name)
    if found ~= nil and typed(made.request, name, rule[2]) == nil then
      return failure.request(("%s must be %s"):format(name, ARTICLES[rule[2]]), name)
    end
    made.body[rule.as or name] = found
  end
  if TIERS[made.body.service_tier] then made.body.service_tier = nil end
  return nil
end

-- What only OpenAI's own servers can do, and cannot be left out.
local function add_nothing(made)
  local request = made.request
  if member(request, "prompt") ~= nil then
    return draft.refused("prompt", "stored prompts are the provider's")
  elseif member(request, "conversation") ~= nil then
    return draft.refused("conversation", "use previous_response_id")
  elseif typed(request, "background", "boolean") then
    return draft.refused("background", "use stream, or wait for the answer")
  end
  if member(request, "context_management") ~= nil then
    return shape.leave_out(made.context, "context_management", "context_management")
  end
  return nil
end

-- Conversation -------------------------------------------------------------------------------------------------------

local function add_instructions(walk, found)
  if found == nil then return nil end
  if type(found) == "string" then
    if not value.blank(found) then walk.messages[1] = { role = "system", content = found } end
    return nil
  end
  if json.is_array(found) then return items.append(walk, found, "instructions") end
  return failure.request("instructions must be a string", "instructions")
end

local function add_input(walk, found)
  if found == nil then return nil end
  if type(found) == "string" then
    items.settle(walk)
    walk.messages[#walk.messages + 1] = { role = "user", content = found }
    return nil
  end
  if json.is_array(found) then return items.append(walk, found, "input") end
  return failure.request("input must be a string or an array of items", "input")
end

--- A conversation that is not kept here cannot go on here.
local function unknown_previous(made)
  local previous = member(made.request, "previous_response_id")
  if previous == nil or made.context.history then return nil end
  local problem = failure.request(("Previous response with id '%s' not found."):format(tostring(previous)),
    "previous_response_id", "previous_response_not_found")
  problem.final = true
  return problem
end

local function add_messages(made)
  local problem = unknown_previous(made)
  if problem then return problem end
  local walk = items.new(made)
  problem = add_instructions(walk, member(made.request, "instructions"))
    or items.append(walk, made.context.history or {}, "previous_response_id")
    or add_input(walk, member(made.request, "input"))
  if problem then return problem end
  items.settle(walk)
  if #walk.messages == 0 then return failure.request("input is required", "input") end
  made.body.messages = walk.messages
  return nil
end

-- Form of the answer -------------------------------------------------------------------------------------------------

local function schema_format(format)
  local schema = member(format, "schema")
  if schema == nil then return nil, failure.request("json_schema needs a schema", "text.format.schema") end
  return {
    type = "json_schema",
    json_schema = {
      name = typed(format, "name", "string") or "response", description = typed(format, "description", "string"),
      schema = schema, strict = typed(format, "strict", "boolean"),
    },
  }
end

local function add_text(made)
  local text = typed(made.request, "text", "table")
  local format = typed(text, "format", "table")
  local kind = typed(format, "type", "string")
  made.body.verbosity = typed(text, "verbosity", "string")
  if kind == "json_object" then
    made.body.response_format = { type = kind }
  elseif kind == "json_schema" then
    local problem
    made.body.response_format, problem = schema_format(format)
    return problem
  end
  return nil
end

local function includes(request, name)
  for _, included in ipairs(typed(request, "include", "table") or {}) do
    if included == name then return true end
  end
  return false
end

local function add_logprobs(made)
  local top = typed(made.request, "top_logprobs", "number")
  if not includes(made.request, "message.output_text.logprobs") and not (top and top > 0) then return nil end
  made.body.logprobs, made.body.top_logprobs = true, top and member(made.request, "top_logprobs")
  return nil
end

local function add_reasoning(made)
  local reasoning = typed(made.request, "reasoning", "table")
  made.body.reasoning_effort = typed(reasoning, "effort", "string")
  return nil
end

local function add_stream(made)
  if not made.context.stream then return nil end
  made.body.stream, made.body.stream_options = true, { include_usage = true }
  return nil
end

local STEPS = {
  add_nothing, add_messages, add_same, tools.add, add_text, add_logprobs, add_reasoning, add_stream,
}

--- What the answer's translation must know.
local function keep(made)
  local kept, reasoning = made.context.kept, typed(made.request, "reasoning", "table")
  kept.response_id = ids.response()
  kept.custom = made.custom
  kept.summary = member(reasoning, "summary") ~= nil or member(reasoning, "generate_summary") ~= nil
  kept.sealed = includes(made.request, "reasoning.encrypted_content")
end

--- The chat body. What the answer needs to know is in `context.kept` then.
---@param context FaceContext
---@return table? body, Failure? failure
local function build(context)
  local made = draft.new(context)
  made.body.model = typed(context.request, "model", "string") or context.model
  for _, step in ipairs(STEPS) do
    local problem = step(made)
    if problem then return nil, problem end
  end
  keep(made)
  return made.body
end

return { build = build }
