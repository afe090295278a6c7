-- SPDX-License-Identifier: Apache-2.0
--- An OpenAI chat request as a request of Ollama's chat API.

local failure = require "providers.dialects.neutral.failure"
local functions = require "providers.dialects.neutral.functions"
local json = require "gateway.json"
local messages = require "providers.dialects.ollama.messages"
local parameters = require "providers.dialects.neutral.parameters"
local refusal = require "providers.dialects.neutral.refusal"
local schema = require "providers.dialects.neutral.schema"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

-- OpenAI's name and Ollama's among its `options`; of two for one the later wins.
local OPTIONS = {
  { "temperature", "temperature" }, { "top_p", "top_p" }, { "top_k", "top_k" }, { "min_p", "min_p" },
  { "seed", "seed" }, { "frequency_penalty", "frequency_penalty" }, { "presence_penalty", "presence_penalty" },
  { "repetition_penalty", "repeat_penalty" }, { "repeat_penalty", "repeat_penalty" }, { "num_ctx", "num_ctx" },
  { "max_tokens", "num_predict" }, { "max_completion_tokens", "num_predict" },
}

-- Ollama's own members that a client may put into an OpenAI body.
local EXTENSIONS = { "keep_alive", "truncate", "shift" }

local THINK = {
  none = false, minimal = "low", low = "low", medium = "medium", high = "high", xhigh = "high", max = "max",
}

---@class Draft a request on its way
---@field call DialectCall
---@field request table the client's decoded body
---@field body table the vendor's body so far

local function add_messages(draft)
  local list, problem = messages.render(draft.call)
  draft.body.messages = list
  return problem
end

--- There is no choice among tools but to leave some out.
local function add_tools(draft)
  local found, problem = functions.of(draft.request)
  if not found then return problem end
  if #found.list > 0 and not (found.choice and found.choice.kind == "none") then draft.body.tools = found.list end
  return nil
end

--- The operator's window stands unless the client names one: the server's own is small, and it cuts silently.
local function options_of(draft)
  local options = {}
  for name, option in pairs(typed(draft.request, "options", "table") or {}) do options[name] = option end
  if options.num_ctx == nil then options.num_ctx = tonumber(draft.call.variables.num_ctx) end
  for _, names in ipairs(OPTIONS) do
    local number, problem = parameters.number(draft.request, names[1])
    if problem then return nil, problem end
    if number then options[names[2]] = draft.request[names[1]] end
  end
  return options
end

local function add_options(draft)
  local options, problem = options_of(draft)
  if not options then return problem end
  local stops, bad_stop = parameters.stops(draft.request)
  if not stops then return bad_stop end
  if #stops > 0 then options.stop = stops end
  if next(options) ~= nil then draft.body.options = options end
  return nil
end

local function add_format(draft)
  local format, problem = parameters.format(draft.request)
  if problem or not format then return problem end
  if format.kind == "json_object" then
    draft.body.format = "json"
    return nil
  end
  local fit = schema.for_tool(format.text)
  if not fit then
    return failure.request("schema must be a JSON Schema object", "response_format.json_schema.schema")
  end
  draft.body.format = json.raw(fit)
  return nil
end

local function add_rest(draft)
  local request, body = draft.request, draft.body
  body.think = member(request, "think")
  if body.think == nil then body.think = THINK[typed(request, "reasoning_effort", "string")] end
  body.logprobs, body.top_logprobs = member(request, "logprobs"), member(request, "top_logprobs")
  for _, name in ipairs(EXTENSIONS) do body[name] = member(request, name) end
  return nil
end

local STEPS = { add_messages, add_tools, add_options, add_format, add_rest }

--- A model that cannot think refuses to be asked to: then it is asked without. Once, as there is nothing more to take.
local function without_thinking(draft, path)
  return function(status, text)
    if status ~= 400 or not text:find("does not support thinking", 1, true) then return nil end
    draft.body.think = nil
    return { path = path, body = json.encode(draft.body) }
  end
end

--- Builds the vendor's request.
---@param call DialectCall
---@param provider Provider
---@return DialectRequest? request, Failure? failure
local function build(call, provider)
  local problem = refusal.of(call.request)
  if problem then return nil, problem end
  local draft = { call = call, request = call.request, body = { model = call.model, stream = call.stream == true } }
  for _, step in ipairs(STEPS) do
    problem = step(draft)
    if problem then return nil, problem end
  end
  local body, fault = json.encode(draft.body)
  if not body then return nil, failure.request("the request cannot be written as JSON: " .. fault) end
  local path = provider.paths.chat
  return { path = path, body = body, instead = draft.body.think and without_thinking(draft, path) or nil }
end

return { build = build }
