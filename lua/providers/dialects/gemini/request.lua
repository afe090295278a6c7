-- SPDX-License-Identifier: Apache-2.0
--- An OpenAI chat request as a request of generateContent.

local json = require "gateway.json"

local config = require "providers.dialects.gemini.config"
local failure = require "providers.dialects.neutral.failure"
local models = require "providers.dialects.gemini.models"
local neutral = require "providers.dialects.neutral.tools"
local tools = require "providers.dialects.gemini.tools"
local turns = require "providers.dialects.gemini.turns"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

---@class GeminiHost where a model of Google's is asked: Google's own API, or Vertex
---@field name string of the dialect
---@field path fun(call: DialectCall, method: string): string below the provider's base
---@field named (fun(model: string): string)? a model's name in a body
---@field counted fun(call: DialectCall, body: table): table what countTokens reads
---@field embeds fun(call: DialectCall): EmbeddingWay
---@field headers string[]? of the client that concern this host
---@field faces table<string, Face>? clients that speak to it
---@field ids boolean whether calls and results have ids
---@field labels boolean whether it takes `labels`
---@field tier fun(body: table, headers: table, tier: string) puts the service tier where this host reads it

---@class GeminiDraft a request on its way
---@field call DialectCall
---@field request table the client's decoded body
---@field host GeminiHost
---@field traits GeminiTraits
---@field names Names
---@field openapi boolean schemas go in OpenAPI's subset
---@field google table the client's extra_body.google
---@field has_tools boolean
---@field sentence string? for the system instruction
---@field headers table<string, string>
---@field body table the vendor's body so far

local TIERS = { default = "standard", flex = "flex", priority = "priority" }

-- Google's own members that a client may put into an OpenAI body.
local EXTENSIONS = { safety_settings = "safetySettings", cached_content = "cachedContent" }

local function refusal(request)
  if member(request, "functions") ~= nil then
    return failure.request("functions cannot be sent to this provider: use tools", "functions", "unsupported_parameter")
  end
  return nil
end

--- The client's headers that this host reads.
---@param call DialectCall
---@param host GeminiHost
---@return table<string, string>
local function headers_of(call, host)
  local headers = {}
  for _, name in ipairs(host.headers or {}) do
    headers[name] = (call.headers or {})[name]
  end
  return headers
end

local function new_draft(call, host)
  local traits = models.traits(call.model)
  return {
    call = call, request = call.request, host = host, traits = traits, names = tools.new_names(),
    openapi = not traits.json_schema or (call.variables or {}).schema == "openapi",
    google = typed(typed(call.request, "extra_body", "table"), "google", "table") or {},
    has_tools = false, headers = headers_of(call, host), body = {},
  }
end

local function set_tools(draft, made, choice)
  local list = json.array {}
  if #made.declarations > 0 then
    list[1] = { functionDeclarations = made.declarations }
    local calling = tools.calling(choice, made, draft.names, draft.traits)
    if calling then draft.body.toolConfig = { functionCallingConfig = calling } end
  end
  for _, own in ipairs(made.own) do
    list[#list + 1] = own
    draft.call.kept.grounded = true
  end
  if #list > 0 then draft.body.tools = list end
end

local function add_tools(draft)
  local made, problem = tools.tools_of(draft)
  if not made then return problem end
  local choice, bad_choice = neutral.choice_of(draft.request)
  if bad_choice then return bad_choice end
  if #made.declarations > 0 and neutral.is_unknown(made.declarations, choice, draft.names) then
    return failure.request(("tool_choice names %q, which is not among the tools"):format(choice.name), "tool_choice")
  end
  made.declarations = neutral.filtered(made.declarations, choice, draft.names)
  draft.has_tools = #made.declarations > 0 or #made.own > 0
  set_tools(draft, made, choice)
  return nil
end

local function add_conversation(draft)
  local scene = { call = draft.call, traits = draft.traits, names = draft.names, ids = draft.host.ids }
  local made, problem = turns.render(draft.request.messages, scene)
  if not made then return problem end
  draft.body.contents, draft.system = made.contents, made.system
  return nil
end

local function add_config(draft)
  local made, problem = config.config_of(draft)
  draft.body.generationConfig = made
  return problem
end

local function add_system(draft)
  local parts, contents = draft.system, draft.body.contents
  if draft.sentence and draft.traits.system then
    parts[#parts + 1] = { text = draft.sentence }
  elseif draft.sentence then
    table.insert(contents[1].parts, 1, { text = draft.sentence })
  end
  if #parts > 0 then draft.body.systemInstruction = { parts = json.array(parts) } end
  return nil
end

local function add_extensions(draft)
  for name, theirs in pairs(EXTENSIONS) do
    local found = member(draft.request, name)
    if found == nil then found = member(draft.google, name) end
    draft.body[theirs] = found
  end
  if draft.host.labels then
    draft.body.labels = typed(draft.request, "labels", "table") or typed(draft.google, "labels", "table")
  end
  return nil
end

local function add_tier(draft)
  local tier = TIERS[typed(draft.request, "service_tier", "string")]
  if tier then draft.host.tier(draft.body, draft.headers, tier) end
  return nil
end

-- The order matters: tools name functions before the conversation speaks of them, and the format knows of tools.
local STEPS = { add_tools, add_conversation, add_config, add_system, add_extensions, add_tier }

--- The vendor's body for a chat request.
---@param call DialectCall
---@param host GeminiHost
---@return GeminiDraft? draft, Failure? failure
local function draft_of(call, host)
  local problem = refusal(call.request)
  if problem then return nil, problem end
  call.kept = call.kept or {}
  local draft = new_draft(call, host)
  for _, step in ipairs(STEPS) do
    problem = step(draft)
    if problem then return nil, problem end
  end
  call.kept.names = draft.names.given
  return draft
end

---@param call DialectCall
---@param host GeminiHost
---@return DialectRequest? request, Failure? failure
local function build(call, host)
  local draft, problem = draft_of(call, host)
  if not draft then return nil, problem end
  local body, fault = json.encode(draft.body)
  if not body then return nil, failure.request("the request cannot be written as JSON: " .. fault) end
  local method = call.stream and "streamGenerateContent?alt=sse" or "generateContent"
  return { path = host.path(call, method), headers = draft.headers, body = body }
end

return { build = build, draft_of = draft_of, headers_of = headers_of }
