-- SPDX-License-Identifier: Apache-2.0
--- An OpenAI chat request as a request of Cohere's chat API.

local failure = require "providers.dialects.neutral.failure"
local json = require "gateway.json"
local messages = require "providers.dialects.cohere.messages"
local parameters = require "providers.dialects.neutral.parameters"
local refusal = require "providers.dialects.neutral.refusal"
local schema = require "providers.dialects.neutral.schema"
local tools = require "providers.dialects.cohere.tools"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

local MOST_STOPS = 5

-- Tokens to think with, by effort.
local BUDGETS = { minimal = 1024, low = 1024, medium = 8192, high = 24576, xhigh = 24576, max = 24576 }

-- Cohere's own members that a client may put into an OpenAI body.
local EXTENSIONS = { "citation_options", "safety_mode", "priority" }

local function clamped(least, most)
  return function(number) return math.max(least, math.min(number, most)) end
end

-- OpenAI's name, Cohere's, and how a number is made fit.
local NUMBERS = {
  { "temperature", "temperature", clamped(0, 1) },
  { "top_p", "p", clamped(0.01, 0.99) },
  { "top_k", "k", clamped(0, 500) },
  { "frequency_penalty", "frequency_penalty", clamped(0, 1) },
  { "presence_penalty", "presence_penalty", clamped(0, 1) },
  { "max_tokens", "max_tokens" },
  { "max_completion_tokens", "max_tokens" },
}

---@class Draft a request on its way
---@field call DialectCall
---@field request table the client's decoded body
---@field body table the vendor's body so far

local function add_messages(draft)
  local list, problem = messages.render(draft.request.messages)
  draft.body.messages = list
  return problem
end

local function add_tools(draft)
  return tools.add(draft.request, draft.body)
end

local function add_numbers(draft)
  for _, rule in ipairs(NUMBERS) do
    local number, problem = parameters.number(draft.request, rule[1])
    if problem then return problem end
    if number then
      local fit = rule[3] and rule[3](number)
      -- What was not changed keeps the client's spelling.
      draft.body[rule[2]] = fit ~= nil and fit ~= number and fit or draft.request[rule[1]]
    end
  end
  draft.body.seed = member(draft.request, "seed")
  return nil
end

local function add_stops(draft)
  local list, problem = parameters.stops(draft.request)
  if not list then return problem end
  if #list > MOST_STOPS then
    return failure.request(("stop may hold %d sequences for this provider"):format(MOST_STOPS), "stop")
  end
  if #list > 0 then draft.body.stop_sequences = list end
  return nil
end

--- With tools Cohere takes no schema: the model is told instead.
local function tell_schema(draft, text)
  local sentence = "Answer with one JSON object that fits this JSON Schema: " .. text
  table.insert(draft.body.messages, 1, { role = "system", content = sentence })
end

local function add_format(draft)
  local format, problem = parameters.format(draft.request)
  if problem then return problem end
  if not format then return nil end
  if format.kind == "json_object" then
    draft.body.response_format = { type = "json_object" }
    return nil
  end
  local fit = schema.for_tool(format.text)
  if not fit then
    return failure.request("schema must be a JSON Schema object", "response_format.json_schema.schema")
  end
  if draft.body.tools then
    tell_schema(draft, fit)
  else
    draft.body.response_format = { type = "json_object", json_schema = json.raw(fit) }
  end
  return nil
end

--- A `thinking` object in the client's body: Cohere's own, or Anthropic's with `budget_tokens`.
local function given_thinking(given)
  local budget = member(given, "token_budget") or member(given, "budget_tokens")
  return { type = given.type == "disabled" and "disabled" or "enabled", token_budget = budget }
end

local function add_thinking(draft)
  local given, effort = typed(draft.request, "thinking", "table"), typed(draft.request, "reasoning_effort", "string")
  if given and typed(given, "type", "string") then
    draft.body.thinking = given_thinking(given)
  elseif effort == "none" then
    draft.body.thinking = { type = "disabled" }
  elseif BUDGETS[effort] then
    draft.body.thinking = { type = "enabled", token_budget = BUDGETS[effort] }
  end
  return nil
end

local function add_rest(draft)
  local request, body = draft.request, draft.body
  body.stream = draft.call.stream == true
  body.logprobs = member(request, "logprobs") == true or nil
  body.documents = member(request, "documents")
  for _, name in ipairs(EXTENSIONS) do body[name] = member(request, name) end
  return nil
end

local STEPS = { add_messages, add_tools, add_numbers, add_stops, add_format, add_thinking, add_rest }

--- Builds the vendor's request.
---@param call DialectCall
---@param provider Provider
---@return DialectRequest? request, Failure? failure
local function build(call, provider)
  local problem = refusal.of(call.request)
  if problem then return nil, problem end
  local draft = { call = call, request = call.request, body = { model = call.model } }
  for _, step in ipairs(STEPS) do
    problem = step(draft)
    if problem then return nil, problem end
  end
  local body, fault = json.encode(draft.body)
  if not body then return nil, failure.request("the request cannot be written as JSON: " .. fault) end
  return { path = provider.paths.chat, body = body }
end

return { build = build }
