-- SPDX-License-Identifier: Apache-2.0
--- A chat request as one of the Responses API, for models that know nothing else.

local failure = require "providers.dialects.neutral.failure"
local input = require "providers.dialects.openai_responses.input"
local json = require "gateway.json"
local parameters = require "providers.dialects.openai.parameters"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

local LEAST_TOKENS = 16 -- the API refuses fewer

-- Members with the same name and meaning.
local SAME = {
  "temperature", "top_p", "user", "metadata", "service_tier", "safety_identifier", "prompt_cache_key",
  "prompt_cache_options", "prompt_cache_retention", "moderation",
}

-- Members that have no counterpart.
local NOWHERE = {
  seed = true, stop = true, frequency_penalty = true, presence_penalty = true, logit_bias = true, audio = true,
  modalities = true, prediction = true,
}

--- Whether the member `name` is left out for this model.
---@param name string
---@param provider Provider
---@param model string
---@return boolean
local function refuses(name, provider, model)
  return NOWHERE[name] == true or parameters.refuses(name, provider, model)
end

local function add_same(made)
  for _, name in ipairs(SAME) do
    local found = member(made.request, name)
    if found ~= nil and not refuses(name, made.provider, made.call.model) then made.body[name] = found end
  end
  return nil
end

local function add_limit(made)
  local request = made.request
  local found = typed(request, "max_completion_tokens", "number") or typed(request, "max_tokens", "number")
  if found then made.body.max_output_tokens = math.max(found, LEAST_TOKENS) end
  return nil
end

-- Tools --------------------------------------------------------------------------------------------------------------

--- Chat is not strict unless told so; this API is.
local function function_tool(spec)
  local name = typed(spec, "name", "string")
  if not name then return nil end
  return {
    type = "function", name = name, description = member(spec, "description"), parameters = member(spec, "parameters"),
    strict = typed(spec, "strict", "boolean") or false,
  }
end

local function custom_tool(spec)
  local name, format = typed(spec, "name", "string"), typed(spec, "format", "table")
  if not name then return nil end
  local grammar = typed(format, "grammar", "table")
  if grammar then
    format = { type = "grammar", syntax = member(grammar, "syntax"), definition = member(grammar, "definition") }
  end
  return { type = "custom", name = name, description = member(spec, "description"), format = format }
end

local function tool_of(tool)
  local spec, custom = typed(tool, "function", "table"), typed(tool, "custom", "table")
  if custom then return custom_tool(custom) end
  return function_tool(spec)
end

--- Search is a parameter of some chat models, a tool here.
local function search_tool(options)
  local place = typed(typed(options, "user_location", "table"), "approximate", "table")
  local made = { type = "web_search", search_context_size = member(options, "search_context_size") }
  if place then
    made.user_location = { type = "approximate" }
    for _, name in ipairs { "country", "region", "city", "timezone" } do
      made.user_location[name] = member(place, name)
    end
  end
  return made
end

local function add_tools(made)
  local tools, request = json.array {}, made.request
  for at, tool in ipairs(typed(request, "tools", "table") or {}) do
    tools[at] = tool_of(tool)
    if not tools[at] then
      return failure.request("a tool must have a function with a name", ("tools[%d]"):format(at - 1))
    end
  end
  for _, spec in ipairs(typed(request, "functions", "table") or {}) do tools[#tools + 1] = function_tool(spec) end
  local search = typed(request, "web_search_options", "table")
  if search then tools[#tools + 1] = search_tool(search) end
  if #tools == 0 then return nil end
  made.body.tools, made.body.parallel_tool_calls = tools, member(request, "parallel_tool_calls")
  return nil
end

local function flat_choice(choice)
  local kind = typed(choice, "type", "string")
  local spec = typed(choice, kind or "function", "table")
  if kind == "allowed_tools" then
    local tools = json.array {}
    for _, tool in ipairs(typed(spec, "tools", "table") or {}) do tools[#tools + 1] = flat_choice(tool) end
    return { type = kind, mode = member(spec, "mode"), tools = tools }
  end
  if not typed(spec, "name", "string") then return nil end
  return { type = kind, name = spec.name }
end

local function add_choice(made)
  local choice, old = member(made.request, "tool_choice"), member(made.request, "function_call")
  if type(old) == "table" and choice == nil then old = { type = "function", ["function"] = old } end
  if choice == nil then choice = old end
  if choice == nil or not made.body.tools then return nil end
  if type(choice) == "table" then choice = flat_choice(choice) end
  if choice == nil then
    return failure.request("tool_choice must be none, auto, required, or name a function", "tool_choice")
  end
  made.body.tool_choice = choice
  return nil
end

-- The rest -----------------------------------------------------------------------------------------------------------

local function format_of(found)
  local kind = typed(found, "type", "string")
  local spec = typed(found, "json_schema", "table")
  if kind ~= "json_schema" or not spec then return kind and { type = kind } end
  return {
    type = kind, name = member(spec, "name") or "response", description = member(spec, "description"),
    schema = member(spec, "schema"), strict = typed(spec, "strict", "boolean") or false,
  }
end

local function add_text(made)
  local format = format_of(typed(made.request, "response_format", "table"))
  local verbosity = typed(made.request, "verbosity", "string")
  if format or verbosity then made.body.text = { format = format, verbosity = verbosity } end
  return nil
end

--- Models that reason give their reasoning back sealed, so that it can go on without being stored. Others refuse to be
--- asked. Unverified: which models those are.
local function reasons(model)
  return model:find "^o%d" ~= nil or model:find "^gpt%-5" ~= nil or model:find "codex" ~= nil
end

local function add_include(made)
  local include = json.array {}
  if made.body.store == false and reasons(made.call.model) then include[1] = "reasoning.encrypted_content" end
  if typed(made.request, "logprobs", "boolean") and not refuses("logprobs", made.provider, made.call.model) then
    include[#include + 1] = "message.output_text.logprobs"
    made.body.top_logprobs = member(made.request, "top_logprobs")
  end
  if #include > 0 then made.body.include = include end
  return nil
end

local function add_rest(made)
  local request, body = made.request, made.body
  local effort = typed(request, "reasoning_effort", "string")
  body.reasoning = effort and { effort = effort }
  body.store = typed(request, "store", "boolean") or false
  body.stream = made.call.stream or nil
  return nil
end

local function add_conversation(made)
  local items, problem = input.items(member(made.request, "messages"), made.call.moved)
  made.body.input = items
  return problem
end

local function single(made)
  local n = member(made.request, "n")
  if n == nil or typed(made.request, "n", "number") == 1 then return nil end
  return failure.request("n must be 1: this model gives one answer", "n", "unsupported_parameter")
end

local STEPS = {
  single, add_conversation, add_same, add_limit, add_tools, add_choice, add_text, add_rest, add_include,
}

--- Builds the request.
---@param call DialectCall
---@param provider Provider
---@return DialectRequest? request, Failure? failure
local function build(call, provider)
  local made = { call = call, provider = provider, request = call.request, body = { model = call.model } }
  for _, step in ipairs(STEPS) do
    local problem = step(made)
    if problem then return nil, problem end
  end
  local body, fault = json.encode(made.body)
  if not body then return nil, failure.request("the request cannot be written as JSON: " .. fault) end
  return { path = provider.paths and provider.paths.responses or "/responses", body = body }
end

return { build = build, refuses = refuses }
