-- SPDX-License-Identifier: Apache-2.0
--- A chat request for a provider that speaks OpenAI's format with differences too many to splice: decoded, changed as
--- the provider's data say, encoded. Whatever the client wrote beyond that stays.

local failure = require "providers.dialects.neutral.failure"
local history = require "providers.dialects.openai.history"
local json = require "gateway.json"
local rules = require "providers.dialects.openai.rules"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

local NONE = {}

--- What the client wrote and the provider takes. Null says nothing.
local function kept(call, provider)
  local body = {}
  for name, field in pairs(call.request) do
    if field ~= json.null and not rules.refuses(name, provider, call.model, call.surface or "chat") then
      body[name] = field
    end
  end
  return body
end

local function add_renames(body, call, entries)
  for _, entry in ipairs(entries) do
    local given = member(call.request, entry.name)
    if given ~= nil then
      body[entry.name] = nil
      if body[entry.value] == nil then body[entry.value] = given end
    end
  end
end

local function add_defaults(body, entries)
  for _, entry in ipairs(entries) do
    if body[entry.name] == nil then body[entry.name] = json.raw(entry.value) end
  end
end

local function fit_ranges(body, entries)
  for _, entry in ipairs(entries) do
    local number = typed(body, entry.name, "number")
    local fit = number and math.max(entry.value[1], math.min(number, entry.value[2]))
    if fit and fit ~= number then body[entry.name] = fit end
  end
end

local function fit_lists(body, names)
  for _, name in ipairs(names or NONE) do
    if type(body[name]) == "string" then body[name] = json.array { body[name] } end
  end
end

--- A number of tokens where OpenAI has a switch and a number beside it.
local function fit_logprobs(body, request, rule)
  if rule ~= "count" or body.logprobs == nil then return end
  body.logprobs = body.logprobs == true and (typed(request, "top_logprobs", "number") or 1) or nil
end

--- Blank stop sequences are refused nearly everywhere.
local function fit_stop(body)
  local list = type(body.stop) == "table" and body.stop
  if type(body.stop) == "string" and value.blank(body.stop) then body.stop = nil end
  if not list then return end
  local full = json.array {}
  for _, text in ipairs(list) do
    if type(text) ~= "string" or not value.blank(text) then full[#full + 1] = text end
  end
  body.stop = #full > 0 and full or nil
end

local function without_strict(tool)
  local spec = typed(tool, "function", "table")
  if not spec or spec.strict == nil then return tool end
  local made = history.copy(tool)
  made["function"] = history.copy(spec)
  made["function"].strict = nil
  return made
end

local function fit_tools(body, provider)
  local list, drops = typed(body, "tools", "table"), false
  for _, name in ipairs((provider.params or NONE).drop or NONE) do
    drops = drops or name == "tools[].function.strict"
  end
  if not list or not drops then return end
  local made = json.array {}
  for i, tool in ipairs(list) do made[i] = without_strict(tool) end
  body.tools = made
end

--- Providers that tell a stream's counters unasked refuse to be asked.
local function add_stream(body, call, provider)
  body.stream = call.stream == true
  local usage = provider.stream and provider.stream.usage
  if not call.stream then
    body.stream_options = nil
  elseif usage == "include_usage" and not rules.refuses("stream_options", provider, call.model, "chat") then
    local options = {}
    for name, field in pairs(typed(body, "stream_options", "table") or NONE) do options[name] = field end
    options.include_usage = true
    body.stream_options = options
  end
end

--- The body, as far as the data say.
---@param call DialectCall
---@param provider Provider
---@return table? body, Failure? failure
local function body_of(call, provider)
  local messages = typed(call.request, "messages", "table")
  if not messages or messages[1] == nil then
    return nil, failure.request("at least one message is required", "messages")
  end
  local body = kept(call, provider)
  add_renames(body, call, rules.entries("rename", provider, call.model, "chat"))
  add_defaults(body, rules.entries("add", provider, call.model, "chat"))
  fit_ranges(body, rules.entries("ranges", provider, call.model, "chat"))
  fit_lists(body, (provider.params or NONE).lists)
  fit_logprobs(body, call.request, (provider.params or NONE).logprobs)
  fit_stop(body)
  fit_tools(body, provider)
  body.model, body.messages = call.model, history.fit(messages, provider)
  add_stream(body, call, provider)
  return body
end

--- Builds the vendor's request. `adjust` changes what data cannot say.
---@param call DialectCall
---@param provider Provider
---@param adjust (fun(body: table, call: DialectCall, provider: Provider): Failure?)?
---@return DialectRequest? request, Failure? failure
local function build(call, provider, adjust)
  local body, problem = body_of(call, provider)
  if not body then return nil, problem end
  problem = adjust and adjust(body, call, provider)
  if problem then return nil, problem end
  local text, fault = json.encode(body)
  if not text then return nil, failure.request("the request cannot be written as JSON: " .. fault) end
  return { path = provider.paths.chat, body = text }
end

return { build = build, body_of = body_of }
