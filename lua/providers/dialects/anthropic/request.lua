-- SPDX-License-Identifier: Apache-2.0
--- An OpenAI chat request as a request of Anthropic's Messages API.

local crypto = require "gateway.crypto"
local json = require "gateway.json"

local betas = require "providers.dialects.anthropic.betas"
local cache = require "providers.dialects.anthropic.cache"
local failure = require "providers.dialects.neutral.failure"
local models = require "providers.dialects.anthropic.models"
local parameters = require "providers.dialects.neutral.parameters"
local schema = require "providers.dialects.neutral.schema"
local thinking = require "providers.dialects.anthropic.thinking"
local tools = require "providers.dialects.anthropic.tools"
local turns = require "providers.dialects.anthropic.turns"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

local DEFAULT_VERSION, DEFAULT_MAX_TOKENS = "2023-06-01", 4096
local LONGEST_USER = 256
local JSON_SENTENCE = "Answer with one JSON object and nothing else."

local TIERS = { auto = "auto", default = "standard_only" }

-- Anthropic's own members that a client may put into an OpenAI body, and the beta each needs.
local EXTENSIONS = {
  { name = "cache_control", kind = "table" },
  { name = "mcp_servers", kind = "table", beta = "mcp-client-2025-11-20" },
  { name = "context_management", kind = "table", beta = "context-management-2025-06-27" },
}

---@class Draft a request on its way
---@field call DialectCall
---@field request table the client's decoded body
---@field traits Traits
---@field version string value of the anthropic-version header
---@field names Names
---@field choice Choice?
---@field format Format?
---@field thought Thought
---@field body table the vendor's body so far
---@field betas string[]

--- What would change the meaning of the answer if it were left out silently.
local function refusal(request)
  if member(request, "n") ~= nil and typed(request, "n", "number") ~= 1 then
    return failure.request("n must be 1: this provider gives one answer", "n", "unsupported_parameter")
  end
  if member(request, "functions") ~= nil then
    return failure.request("functions cannot be sent to this provider: use tools", "functions", "unsupported_parameter")
  end
  return nil
end

local function add_sentence(draft, sentence)
  local system = draft.body.system or json.array {}
  system[#system + 1] = { type = "text", text = sentence }
  draft.body.system = system
end

--- A forced choice and thinking exclude each other; some models know no forced choice at all.
local function settle_choice(draft)
  if not tools.is_forced(draft.choice) then return end
  if draft.traits.forced then
    if thinking.is_on(draft.thought) or draft.traits.thinks ~= "asked" then
      draft.thought = thinking.without(draft.thought, draft.traits)
    end
    return
  end
  local sentence
  draft.body.tools, sentence = tools.asked(draft.body.tools, draft.choice, draft.names)
  draft.choice = { kind = "auto" }
  add_sentence(draft, sentence)
end

local function add_tools(draft)
  local list, problem = tools.tools_of(draft.request, draft.names, draft.traits)
  if problem then return problem end
  if not list then return nil end
  local choice, bad_choice = tools.choice_of(draft.request)
  if bad_choice then return bad_choice end
  if tools.is_unknown(list, choice, draft.names) then
    return failure.request(("tool_choice names %q, which is not among the tools"):format(choice.name), "tool_choice")
  end
  draft.choice = choice
  draft.body.tools = tools.filtered(list, choice, draft.names)
  settle_choice(draft)
  if #draft.body.tools == 0 then
    draft.body.tools = nil
    return nil
  end
  draft.body.tool_choice = tools.rendered(draft.request, draft.choice, draft.names)
  return nil
end

--- A model without structured output answers through a tool that it must call.
local function force_answer(draft)
  local tool = tools.answer_tool(draft.format.text, draft.names)
  if not tool then return false end
  local body, shared = draft.body, draft.body.tools ~= nil
  body.tools = body.tools or json.array {}
  body.tools[#body.tools + 1] = tool
  body.tool_choice = shared and { type = "any" }
    or { type = "tool", name = tool.name, disable_parallel_tool_use = true }
  draft.thought = thinking.without(draft.thought, draft.traits)
  draft.call.kept.answer_tool = tool.name
  return true
end

local function set_format(draft)
  local text = schema.strict(draft.format.text)
  if not text then return false end
  draft.body.output_config = { format = { type = "json_schema", schema = json.raw(text) } }
  return true
end

local function add_format(draft)
  local format = draft.format
  if not format then return nil end
  if format.kind == "json_object" then
    add_sentence(draft, JSON_SENTENCE)
    return nil
  end
  local fit = draft.traits.structured and set_format or force_answer
  if fit(draft) then return nil end
  return failure.request("schema must be a JSON Schema object", "response_format.json_schema.schema")
end

local function max_tokens_of(draft)
  local wish, problem = parameters.number(draft.request, "max_completion_tokens")
  if problem then return nil, problem end
  if not wish then
    wish, problem = parameters.number(draft.request, "max_tokens")
    if problem then return nil, problem end
  end
  return math.min(wish or DEFAULT_MAX_TOKENS, draft.traits.longest)
end

local function add_max_tokens(draft)
  local count, problem = max_tokens_of(draft)
  if not count then return problem end
  draft.body.max_tokens = thinking.make_room(draft.thought, count, draft.traits.longest)
  return nil
end

local function takes_sampling(draft)
  local rule = draft.traits.sampling
  if rule == "none" or draft.version ~= DEFAULT_VERSION then return false end
  return not thinking.is_on(draft.thought)
end

local function add_sampling(draft)
  local temperature, bad_temperature = parameters.number(draft.request, "temperature")
  local top_p, bad_top_p = parameters.number(draft.request, "top_p")
  local top_k, bad_top_k = parameters.number(draft.request, "top_k")
  if bad_temperature or bad_top_p or bad_top_k then return bad_temperature or bad_top_p or bad_top_k end
  if not takes_sampling(draft) then return nil end
  local body = draft.body
  body.temperature = temperature and math.max(0, math.min(temperature, 1))
  body.top_k = top_k
  if not (temperature and draft.traits.sampling == "one") then body.top_p = top_p end
  return nil
end

local function add_stop(draft)
  local list, problem = parameters.stops(draft.request)
  if not list then return problem end
  if #list > 0 then draft.body.stop_sequences = list end
  return nil
end

local function is_personal(text)
  return text:find("^[^%s@]+@[^%s@]+%.[^%s@]+$") ~= nil or text:find("^%+?[%d%s%-%.()]+$") ~= nil
    and select(2, text:gsub("%d", "")) >= 7
end

--- An e-mail address or a telephone number is refused; too long an id goes as its digest.
local function add_user(draft)
  local user = typed(draft.request, "safety_identifier", "string") or typed(draft.request, "user", "string")
  if not user or value.blank(user) or is_personal(user) then return nil end
  if value.characters(user) > LONGEST_USER then user = crypto.sha256(user) end
  draft.body.metadata = { user_id = user }
  return nil
end

local function add_extensions(draft)
  for _, extension in ipairs(EXTENSIONS) do
    local found = member(draft.request, extension.name)
    if found ~= nil and type(found) ~= extension.kind then
      return failure.request(extension.name .. " must be an object or a list", extension.name)
    end
    draft.body[extension.name] = found
    if found ~= nil then draft.betas[#draft.betas + 1] = extension.beta end
  end
  return nil
end

local function add_thought(draft)
  local thought, body = draft.thought, draft.body
  if thought.thinking and not (draft.thought_missing and thought.thinking.type == "enabled") then
    body.thinking = thought.thinking
  end
  if thought.effort then
    body.output_config = body.output_config or {}
    body.output_config.effort = thought.effort
  end
  return nil
end

local function add_rest(draft)
  draft.body.stream = draft.call.stream or nil
  draft.body.service_tier = TIERS[typed(draft.request, "service_tier", "string")]
  return nil
end

local function add_conversation(draft)
  local made, problem = turns.render(draft.request.messages, draft.traits, draft.names, draft.call.moved)
  if not made then return problem end
  draft.body.messages = made.messages
  if #made.system > 0 then draft.body.system = made.system end
  draft.thought_missing = made.thought_missing and draft.generation < 4.6
  return nil
end

-- The order matters: names before their use, tools and format before thinking is settled, thinking before its budget.
local STEPS = {
  add_conversation, add_tools, add_format, add_max_tokens, add_sampling, add_stop, add_user, add_extensions, add_rest,
  add_thought,
}

local function new_draft(call, provider)
  local traits, generation = models.traits(call.model)
  local headers = provider.headers or {}
  call.kept = {}
  return {
    call = call, request = call.request, traits = traits, generation = generation, names = tools.new_names(),
    version = headers["anthropic-version"] or DEFAULT_VERSION, betas = {}, body = { model = call.model },
    thought = thinking.of_request(call.request, traits),
  }
end

--- The client's betas and ours.
local function beta_header(draft)
  return betas.merged((draft.call.headers or {})["anthropic-beta"], table.concat(draft.betas, ","))
end

--- The whole body, not yet written out. Leaves in `call.kept` what the translation of the answer needs.
---@param call DialectCall
---@param provider Provider
---@return Draft? draft, Failure? failure
local function made_draft(call, provider)
  local problem = refusal(call.request)
  if problem then return nil, problem end
  local draft = new_draft(call, provider)
  draft.format, problem = parameters.format(call.request)
  if problem then return nil, problem end
  for _, step in ipairs(STEPS) do
    problem = step(draft)
    if problem then return nil, problem end
  end
  cache.fit(draft.body)
  call.kept.names = draft.names.given
  return draft
end

--- The draft on its way to `path`.
---@param draft Draft
---@param path string
---@param content table?
---@return DialectRequest? request, Failure? failure
local function rendered(draft, path, content)
  local body, fault = json.encode(content or draft.body)
  if not body then return nil, failure.request("the request cannot be written as JSON: " .. fault) end
  local named = beta_header(draft)
  return { path = path, headers = named and { ["anthropic-beta"] = named }, body = body }
end

--- Builds the vendor's request.
---@param call DialectCall
---@param provider Provider
---@return DialectRequest? request, Failure? failure
local function build(call, provider)
  local draft, problem = made_draft(call, provider)
  if not draft then return nil, problem end
  return rendered(draft, call.path or provider.paths.chat)
end

return { build = build, draft = made_draft, rendered = rendered }
